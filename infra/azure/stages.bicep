// The differences between a trial and production. All protection is the same in both.

@export()
@sealed()
type Stage = {
  @description('Written to every audit row.')
  environment: 'Staging' | 'Production'
  serviceBus: 'Standard' | 'Premium'
  @description('The store of the orchestrations: host storage, or a Durable Task Scheduler of that SKU.')
  durable: 'AzureStorage' | 'Consumption' | 'Dedicated'
  @description('Redundancy of host storage and records.')
  redundancy: 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GZRS'
  @description('Redundancy of the audit.')
  auditRedundancy: 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GZRS'
  @description('Instances on demand, in addition to alwaysReady. Together with activitiesPerInstance they should be able to write as fast as GRAPH_WRITE_RATE permits: see docs/operations.md, Scale.')
  @minValue(1)
  @maxValue(1000)
  maximumInstanceCount: int
  @description('Overrides maxConcurrentActivityFunctions of host.json.')
  @minValue(1)
  activitiesPerInstance: int
  instanceMemoryMB: 512 | 2048 | 4096
  @description('Instances that always run for the orchestrations; with 0 the app scales to zero.')
  @minValue(0)
  alwaysReady: int
  @minValue(30)
  @maxValue(730)
  logRetentionDays: int
  @description('Delete locks on host storage, records and the bus. The audit is always locked.')
  locked: bool
}

@export()
var dev Stage = {
  environment: 'Staging'
  serviceBus: 'Standard'
  durable: 'AzureStorage'
  redundancy: 'Standard_LRS'
  auditRedundancy: 'Standard_LRS'
  maximumInstanceCount: 4
  activitiesPerInstance: 8
  instanceMemoryMB: 512
  alwaysReady: 0
  logRetentionDays: 30
  locked: false
}

@export()
var prod Stage = {
  environment: 'Production'
  serviceBus: 'Standard'
  durable: 'AzureStorage'
  redundancy: 'Standard_ZRS'
  auditRedundancy: 'Standard_GZRS'
  maximumInstanceCount: 7
  activitiesPerInstance: 8
  instanceMemoryMB: 2048
  alwaysReady: 1
  logRetentionDays: 90
  locked: true
}
