/** The id of a person as the target of an assignment, which is not the id of the user. */
export const subjectId = (objectId: string): string => objectId.replace(/^./, 'f');
