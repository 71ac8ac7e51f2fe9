/** The values of `@odata.type` in the documents. Published Graph has never heard of the first. */
export const typeNames = {
  accessPackage: '#Microsoft.IGAELM.EC.FrontEnd.ExternalModel.accessPackage',
  request: '#microsoft.graph.accessPackageAssignmentRequest',
  assignment: '#microsoft.graph.accessPackageAssignment',
};
