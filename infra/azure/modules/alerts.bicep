// The alerts. docs/operations.md explains for each what to check and what to do.
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
param appPrincipalId string

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

@description('An alert on a metric of the bus, with severity 0 (critical) to 4 (verbose). It fires while the aggregate over the window is above 0.')
type QueueAlert = {
  name: string
  says: string
  severity: int
  metric: string
  aggregation: 'Minimum' | 'Total'
  window: string
  @description('The queue only, or the whole namespace, because some requests are counted for no entity.')
  of: 'queue' | 'namespace'
}

var queueAlerts QueueAlert[] = [
  {
    name: 'dead-letters'
    says: 'The dead-letter queue has messages that were rejected or could not be processed.'
    severity: 1
    metric: 'DeadletteredMessages'
    aggregation: 'Minimum'
    window: 'PT5M'
    of: 'queue'
  }
  {
    // Service Bus has no metric for the age of the oldest message. A queue that is not empty for 15 minutes has a
    // message of that age, or receives messages faster than the app processes them.
    name: 'queue-not-emptied'
    says: 'The queue was never empty in 15 minutes.'
    severity: 2
    metric: 'ActiveMessages'
    aggregation: 'Minimum'
    window: 'PT15M'
    of: 'queue'
  }
  {
    name: 'bus-throttled'
    says: 'The Service Bus namespace throttled requests.'
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

@description('An alert on the logs. It fires as soon as the query returns a row. The window is wider than the frequency, because a line may arrive minutes after its time.')
type LogAlert = {
  name: string
  says: string
  severity: int
  window: string
  frequency: string
  query: string
  @description('Columns that split the alert: each value fires separately and is named in the mail.')
  by: string[]
}

// The app logs one JSON line per notable event; `what` names the kind of event.
var lines = 'AppTraces | where AppRoleName =~ \'${appName}\' | extend line = parse_json(Message)'
var calls = 'AppRequests | where AppRoleName =~ \'${appName}\''

var logAlerts LogAlert[] = [
  {
    name: 'needs-attention'
    says: 'Events ended as needs-attention, failed or timed-out, for example because Graph answers 401 or 403. A person has to fix the cause.'
    severity: 2
    window: 'PT30M'
    frequency: 'PT15M'
    query: '${lines} | where line.what == \'closed\' and line.outcome in (\'needs-attention\', \'failed\', \'timed-out\') | summarize events = count() by reason = tostring(line.reason)'
    by: ['reason']
  }
  {
    name: 'permission-lost'
    says: 'Graph refuses with 401 or 403 what it allowed before. Runs wait, and a person has to look whether a permission was removed.'
    severity: 1
    window: 'PT15M'
    frequency: 'PT5M'
    query: '${lines} | where line.what == \'permission-lost\' | summarize refusals = count() by operation = tostring(line.operation)'
    by: ['operation']
  }
  {
    name: 'ended-from-outside'
    says: 'The recovery timer closed events whose run was terminated or is missing from the task hub.'
    severity: 2
    window: 'PT30M'
    frequency: 'PT15M'
    query: '${lines} | where line.what == \'closed-late\''
    by: []
  }
  {
    name: 'not-begun'
    says: 'Events were started, but their runs do not begin: the task hub processes nothing, or has lost their start.'
    severity: 1
    window: 'PT30M'
    frequency: 'PT15M'
    query: '${lines} | where line.what == \'not-begun\''
    by: []
  }
  {
    // The recovery timer checks each open event at least every hour, and logs a stalled one every time.
    name: 'stalled'
    says: 'Runs do not go on: their instances are suspended, or have passed all their deadlines.'
    severity: 2
    window: 'PT2H'
    frequency: 'PT15M'
    query: '${lines} | where line.what == \'stalled\' | summarize events = dcount(tostring(line.eventHash)) by status = tostring(line.status)'
    by: ['status']
  }
  {
    // The recovery timer logs each open brake in every pass, so the alert stays until somebody has closed it.
    name: 'removal-brake'
    says: 'More people than the limit are to lose access. All further removals are held until a person releases or discards them.'
    severity: 1
    window: 'PT15M'
    frequency: 'PT5M'
    query: '${lines} | where line.what in (\'removal-brake\', \'removal-brake-open\') | summarize lines = count() by brake = tostring(line.brake)'
    by: ['brake']
  }
  {
    name: 'reconcile-held'
    says: 'A run of the reconciliation would repair more than its limits allow. Nothing of that is done until a person releases or discards it.'
    severity: 2
    window: 'PT30M'
    frequency: 'PT15M'
    query: '${lines} | where line.what == \'reconcile-brake\' | summarize lines = count() by brake = tostring(line.brake)'
    by: ['brake']
  }
  {
    name: 'reconcile-incomplete'
    says: 'A run of the reconciliation could not compare everything: a list failed or cannot be true, or the run ended without a report; or its report could not be written into the container.'
    severity: 2
    window: 'PT30M'
    frequency: 'PT15M'
    query: '${lines} | where line.what == \'closed\' and (line.outcome == \'incomplete\' or line.reason == \'report-not-written\') | summarize events = count() by reason = tostring(line.reason)'
    by: ['reason']
  }
  {
    name: 'defect'
    says: 'The app threw an unexpected exception.'
    severity: 1
    window: 'PT15M'
    frequency: 'PT5M'
    query: '${lines} | where line.what == \'defect\''
    by: []
  }
  {
    name: 'stores-away'
    says: 'Intake or the recovery timer waits because storage or the host does not answer.'
    severity: 1
    window: 'PT10M'
    frequency: 'PT5M'
    query: '${lines} | where line.what in (\'held\', \'supervise-held\') | summarize held = count() | where held > 20'
    by: []
  }
  {
    // Intake fails by design when it abandons a rejected message; such messages end as dead letters.
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
    says: 'The recovery timer, which runs every minute, has not succeeded for 15 minutes: the app does not run, or does not start.'
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
    name: 'not-sealed'
    says: 'The function seal has not succeeded for three hours: it fails, or the container of the seals refuses it.'
    severity: 1
    window: 'PT3H'
    frequency: 'PT30M'
    query: '${calls} | summarize seals = countif(Name == \'seal\' and Success == true), since = min(TimeGenerated) | where seals == 0 and since < ago(150m)'
    by: []
  }
  {
    // The app has no permission for any of these operations, so a rejected attempt counts too. A transaction may also insert,
    // which the app does.
    name: 'audit-changed'
    says: 'Audit rows, tables or seals were changed or deleted, or an attempt was made.'
    severity: 0
    window: 'PT30M'
    frequency: 'PT15M'
    query: 'union isfuzzy=true StorageTableLogs, StorageBlobLogs | where AccountName =~ \'${auditAccountName}\' and OperationName in (\'UpdateEntity\', \'MergeEntity\', \'DeleteEntity\', \'InsertOrReplaceEntity\', \'InsertOrMergeEntity\', \'EntityGroupTransaction\', \'DeleteTable\', \'DeleteBlob\', \'SetBlobTier\', \'DeleteContainer\') and not(OperationName == \'EntityGroupTransaction\' and RequesterObjectId == \'${appPrincipalId}\')'
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
      // The tables of a new workspace exist only some time after its creation.
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

// Operations that remove protection. They are never part of a deployment.
var guarded = [
  {
    name: 'lock-deleted'
    says: 'A delete lock was deleted.'
    operation: 'Microsoft.Authorization/locks/delete'
  }
  {
    name: 'logging-stopped'
    says: 'The diagnostic settings of a resource were deleted, so its logs are no longer collected.'
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
