// What wakes somebody. docs/operations.md says for each what to look at and what to do.
import { Tags } from '../types.bicep'

param name string
param location string
param tags Tags
param mails string[]
param namespaceId string
param queueName string
param workspaceId string
param appName string
param auditAccountName string

resource operators 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${name}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: take(name, 12)
    enabled: true
    emailReceivers: map(mails, (mail) => {
      name: mail
      emailAddress: mail
      useCommonAlertSchema: true
    })
  }
}

@description('Of the bus: 0 critical to 4 verbose; fires while the aggregate over the window is above 0.')
type QueueAlert = {
  name: string
  says: string
  severity: int
  metric: string
  aggregation: 'Minimum' | 'Total'
  window: string
  @description('Of the queue alone, or of the whole namespace, which counts some requests for no entity.')
  of: 'queue' | 'namespace'
}

var queueAlerts QueueAlert[] = [
  {
    name: 'dead-letters'
    says: 'Messages were refused or could not be handled, and lie in the dead-letter queue.'
    severity: 1
    metric: 'DeadletteredMessages'
    aggregation: 'Minimum'
    window: 'PT5M'
    of: 'queue'
  }
  {
    // Service Bus has no metric for the age of the oldest message. A queue that was never empty for as long holds one
    // of that age, or is fed faster than it is emptied.
    name: 'queue-not-emptied'
    says: 'The queue was not empty once in 15 minutes.'
    severity: 2
    metric: 'ActiveMessages'
    aggregation: 'Minimum'
    window: 'PT15M'
    of: 'queue'
  }
  {
    name: 'bus-throttled'
    says: 'The Service Bus namespace refused requests because there were too many.'
    severity: 2
    metric: 'ThrottledRequests'
    aggregation: 'Total'
    window: 'PT15M'
    of: 'namespace'
  }
]

resource queueAlert 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for alert in queueAlerts: {
    name: '${name}-${alert.name}'
    location: 'global'
    tags: tags
    properties: {
      description: alert.says
      severity: alert.severity
      enabled: true
      scopes: [namespaceId]
      evaluationFrequency: 'PT1M'
      windowSize: alert.window
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: 'above-zero'
            metricNamespace: 'Microsoft.ServiceBus/namespaces'
            metricName: alert.metric
            timeAggregation: alert.aggregation
            operator: 'GreaterThan'
            threshold: 0
            dimensions: alert.of == 'queue'
              ? [{ name: 'EntityName', operator: 'Include', values: [queueName] }]
              : []
          }
        ]
      }
      actions: [{ actionGroupId: operators.id }]
    }
  }
]

@description('Of the logs: fires as soon as the query has a row. The window is wider than the frequency, because a line may arrive minutes after its time.')
type LogAlert = {
  name: string
  says: string
  severity: int
  window: string
  frequency: string
  query: string
  @description('Columns of which each value fires, and is named in the mail, by itself.')
  by: string[]
}

// The app writes one JSON line for each thing worth knowing; `what` says which.
var lines = 'AppTraces | where AppRoleName =~ \'${appName}\' | extend line = parse_json(Message)'
var calls = 'AppRequests | where AppRoleName =~ \'${appName}\''

var logAlerts LogAlert[] = [
  {
    name: 'needs-attention'
    says: 'An event ended in a way that only a person can mend, Graph answers 401 and 403 among them.'
    severity: 2
    window: 'PT30M'
    frequency: 'PT15M'
    query: '${lines} | where line.what == \'closed\' and line.outcome in (\'needs-attention\', \'failed\', \'timed-out\') | summarize events = count() by reason = tostring(line.reason)'
    by: ['reason']
  }
  {
    name: 'ended-from-outside'
    says: 'The supervisor closed events whose run was ended from outside or is gone.'
    severity: 2
    window: 'PT30M'
    frequency: 'PT15M'
    query: '${lines} | where line.what == \'closed-late\''
    by: []
  }
  {
    name: 'not-begun'
    says: 'Events were started and their runs do not begin: the task hub works on nothing, or has lost what would wake them.'
    severity: 1
    window: 'PT30M'
    frequency: 'PT15M'
    query: '${lines} | where line.what == \'not-begun\''
    by: []
  }
  {
    name: 'defect'
    says: 'Code of the app threw where it should not.'
    severity: 1
    window: 'PT15M'
    frequency: 'PT5M'
    query: '${lines} | where line.what == \'defect\''
    by: []
  }
  {
    name: 'stores-away'
    says: 'Intake or the supervisor waits because storage or the host does not answer.'
    severity: 1
    window: 'PT10M'
    frequency: 'PT5M'
    query: '${lines} | where line.what in (\'held\', \'supervise-held\') | summarize held = count() | where held > 20'
    by: []
  }
  {
    // Intake fails by design when it hands a refused message back; those end as dead letters.
    name: 'functions-fail'
    says: 'Functions other than intake fail.'
    severity: 2
    window: 'PT15M'
    frequency: 'PT5M'
    query: '${calls} | where Name != \'intake\' and Success == false | summarize failures = count() by Name | where failures > 5'
    by: ['Name']
  }
  {
    name: 'no-supervisor'
    says: 'The supervisor, which runs every minute, has not succeeded for 15 minutes: the app does not run, or does not start.'
    severity: 0
    window: 'PT15M'
    frequency: 'PT5M'
    query: '${calls} | where Name == \'supervise\' and Success == true | summarize runs = count() | where runs == 0'
    by: []
  }
  {
    name: 'nothing-ends'
    says: 'Events were started in the last six hours, and none has ended.'
    severity: 2
    window: 'PT6H'
    frequency: 'PT30M'
    query: '${lines} | summarize started = countif(line.what == \'started\'), ended = countif(line.what in (\'closed\', \'closed-late\')) | where started > 0 and ended == 0'
    by: []
  }
  {
    // The app has no right to do any of it: an attempt that was refused counts, too.
    name: 'audit-changed'
    says: 'Somebody changed or deleted something in the audit, or tried to.'
    severity: 0
    window: 'PT30M'
    frequency: 'PT15M'
    query: 'StorageTableLogs | where AccountName =~ \'${auditAccountName}\' and OperationName in (\'UpdateEntity\', \'MergeEntity\', \'DeleteEntity\', \'InsertOrReplaceEntity\', \'InsertOrMergeEntity\', \'EntityGroupTransaction\', \'DeleteTable\')'
    by: []
  }
]

resource logAlert 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for alert in logAlerts: {
    name: '${name}-${alert.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: '${name}: ${alert.name}'
      description: alert.says
      severity: alert.severity
      enabled: true
      scopes: [workspaceId]
      windowSize: alert.window
      evaluationFrequency: alert.frequency
      autoMitigate: true
      // The tables of a new workspace are known only some time after it was made.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: alert.query
            dimensions: map(alert.by, (column) => {
              name: column
              operator: 'Include'
              values: ['*']
            })
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: [operators.id] }
    }
  }
]

// What takes protection away, and is never part of a deployment.
var guarded = [
  {
    name: 'lock-deleted'
    says: 'A delete lock was taken away.'
    operation: 'Microsoft.Authorization/locks/delete'
  }
  {
    name: 'logging-stopped'
    says: 'Logs of a resource are no longer collected.'
    operation: 'Microsoft.Insights/diagnosticSettings/delete'
  }
]

resource guardAlert 'Microsoft.Insights/activityLogAlerts@2020-10-01' = [
  for alert in guarded: {
    name: '${name}-${alert.name}'
    location: 'global'
    tags: tags
    properties: {
      description: alert.says
      enabled: true
      scopes: [resourceGroup().id]
      condition: {
        allOf: [
          { field: 'category', equals: 'Administrative' }
          { field: 'operationName', equals: alert.operation }
          { field: 'status', equals: 'Succeeded' }
        ]
      }
      actions: { actionGroups: [{ actionGroupId: operators.id }] }
    }
  }
]
