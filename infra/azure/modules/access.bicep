// All role assignments, each at the narrowest scope of its service. No identity is an owner, and none may write roles.
import { roles } from 'roles.bicep'

param appPrincipalId string
param senderPrincipalId string
param operatorsGroupId string
param auditorsGroupId string
param modelOwnersGroupId string
param hostAccountName string
param recordsAccountName string
param auditAccountName string
param namespaceName string
param queueName string
param insightsName string
param workspaceName string

resource hostAccount 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: hostAccountName
}

resource recordsAccount 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: recordsAccountName
  resource blobs 'blobServices' existing = {
    name: 'default'
    resource accessModel 'containers' existing = { name: 'access-model' }
    resource reports 'containers' existing = { name: 'reports' }
  }
  resource tableService 'tableServices' existing = {
    name: 'default'
    resource packages 'tables' existing = { name: 'packages' }
    resource limits 'tables' existing = { name: 'limits' }
    resource removals 'tables' existing = { name: 'removals' }
    resource staging 'tables' existing = { name: 'staging' }
  }
}

resource auditAccount 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: auditAccountName
  resource blobs 'blobServices' existing = {
    name: 'default'
    resource seals 'containers' existing = { name: 'seals' }
  }
  resource tableService 'tableServices' existing = {
    name: 'default'
  }
}

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = {
  name: namespaceName
  resource queue 'queues' existing = { name: queueName }
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = { name: insightsName }

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: workspaceName
}

@description('One role of one identity; a grant without an identity is omitted.')
type Grant = { who: string, kind: 'ServicePrincipal' | 'Group', role: string }

func given(grants Grant[]) Grant[] => filter(grants, (grant) => !empty(grant.who))

// The host stores leases and timers and, without a scheduler, the task hub in its storage.
var onHost = map(
  [
    roles.storageBlobDataOwner
    roles.storageQueueDataContributor
    roles.storageTableDataContributor
  ],
  (role) => { who: appPrincipalId, kind: 'ServicePrincipal', role: role }
)

resource hostGrants 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in onHost: {
    scope: hostAccount
    name: guid(hostAccount.id, grant.who, grant.role)
    properties: {
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        grant.role
      )
      principalId: grant.who
      principalType: grant.kind
    }
  }
]

var onRecords = given([
  { who: appPrincipalId, kind: 'ServicePrincipal', role: roles.storageTableDataContributor }
  { who: operatorsGroupId, kind: 'Group', role: roles.storageTableDataReader }
])

resource recordsGrants 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in onRecords: {
    scope: recordsAccount
    name: guid(recordsAccount.id, grant.who, grant.role)
    properties: {
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        grant.role
      )
      principalId: grant.who
      principalType: grant.kind
    }
  }
]

var onModel = given([
  { who: appPrincipalId, kind: 'ServicePrincipal', role: roles.storageBlobDataReader }
  { who: modelOwnersGroupId, kind: 'Group', role: roles.storageBlobDataContributor }
])

resource modelGrants 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in onModel: {
    scope: recordsAccount::blobs::accessModel
    name: guid(recordsAccount::blobs::accessModel.id, grant.who, grant.role)
    properties: {
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        grant.role
      )
      principalId: grant.who
      principalType: grant.kind
    }
  }
]

// No built-in role may add blobs and not change them.
var onReports = given([
  { who: appPrincipalId, kind: 'ServicePrincipal', role: roles.storageBlobDataContributor }
  { who: operatorsGroupId, kind: 'Group', role: roles.storageBlobDataReader }
])

resource reportsGrants 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in onReports: {
    scope: recordsAccount::blobs::reports
    name: guid(recordsAccount::blobs::reports.id, grant.who, grant.role)
    properties: {
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        grant.role
      )
      principalId: grant.who
      principalType: grant.kind
    }
  }
]

// `joinery model apply` shares with the runs the lease of each catalog and what is recorded of its packages. It follows the
// throttling that the runs have learned of. No other row of the records is a model owner's to read.
var onPackages = given([
  { who: modelOwnersGroupId, kind: 'Group', role: roles.storageTableDataContributor }
])

resource packagesGrants 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in onPackages: {
    scope: recordsAccount::tableService::packages
    name: guid(recordsAccount::tableService::packages.id, grant.who, grant.role)
    properties: {
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        grant.role
      )
      principalId: grant.who
      principalType: grant.kind
    }
  }
]

var onLimits = given([
  { who: modelOwnersGroupId, kind: 'Group', role: roles.storageTableDataReader }
])

resource limitsGrants 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in onLimits: {
    scope: recordsAccount::tableService::limits
    name: guid(recordsAccount::tableService::limits.id, grant.who, grant.role)
    properties: {
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        grant.role
      )
      principalId: grant.who
      principalType: grant.kind
    }
  }
]

// `joinery release` and `joinery discard` close a brake, and `joinery reconcile` asks for a run: rows of these tables.
var onRemovals = given([
  { who: operatorsGroupId, kind: 'Group', role: roles.storageTableDataContributor }
])

resource stagingGrants 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in onRemovals: {
    scope: recordsAccount::tableService::staging
    name: guid(recordsAccount::tableService::staging.id, grant.who, grant.role)
    properties: {
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        grant.role
      )
      principalId: grant.who
      principalType: grant.kind
    }
  }
]

resource removalsGrants 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in onRemovals: {
    scope: recordsAccount::tableService::removals
    name: guid(recordsAccount::tableService::removals.id, grant.who, grant.role)
    properties: {
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        grant.role
      )
      principalId: grant.who
      principalType: grant.kind
    }
  }
]

// The built-in contributor role may change and delete entities, and an audit that its writer can change proves nothing.
resource auditAppender 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(auditAccount.id, 'audit-appender')
  properties: {
    roleName: 'Joinery audit appender (${auditAccountName})'
    description: 'Adds entities to the audit tables and reads them; changes and deletes none.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: []
        notActions: []
        dataActions: [
          'Microsoft.Storage/storageAccounts/tableServices/tables/entities/read'
          'Microsoft.Storage/storageAccounts/tableServices/tables/entities/add/action'
        ]
        notDataActions: []
      }
    ]
  }
}

resource auditTables 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-01-01' existing = [
  for table in ['audit', 'auditIndex']: {
    parent: auditAccount::tableService
    name: table
  }
]

resource auditAppends 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for table in range(0, 2): {
    scope: auditTables[table]
    name: guid(auditTables[table].id, appPrincipalId, auditAppender.name)
    properties: {
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        auditAppender.name
      )
      principalId: appPrincipalId
      principalType: 'ServicePrincipal'
    }
  }
]

// No built-in role may add blobs and not change them.
resource sealAppender 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(auditAccount.id, 'seal-appender')
  properties: {
    roleName: 'Joinery seal appender (${auditAccountName})'
    description: 'Adds blobs to the seals of the audit and reads them; changes and deletes none.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: []
        notActions: []
        dataActions: [
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action'
        ]
        notDataActions: []
      }
    ]
  }
}

resource sealAppends 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: auditAccount::blobs::seals
  name: guid(auditAccount::blobs::seals.id, appPrincipalId, sealAppender.name)
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      sealAppender.name
    )
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}

var onSeals = given([
  { who: operatorsGroupId, kind: 'Group', role: roles.storageBlobDataReader }
  { who: auditorsGroupId, kind: 'Group', role: roles.storageBlobDataReader }
])

resource sealsGrants 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in onSeals: {
    scope: auditAccount::blobs::seals
    name: guid(auditAccount::blobs::seals.id, grant.who, grant.role)
    properties: {
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        grant.role
      )
      principalId: grant.who
      principalType: grant.kind
    }
  }
]

var onAudit = given([
  { who: operatorsGroupId, kind: 'Group', role: roles.storageTableDataReader }
  { who: auditorsGroupId, kind: 'Group', role: roles.storageTableDataReader }
])

resource auditGrants 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in onAudit: {
    scope: auditAccount
    name: guid(auditAccount.id, grant.who, grant.role)
    properties: {
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        grant.role
      )
      principalId: grant.who
      principalType: grant.kind
    }
  }
]

// The trigger needs Data Receiver of one queue, and a reconciliation sends its rechecks there. Scaling by the length of the
// queue would need the right to manage the namespace; without it the platform scales in steps.
var onQueue = given([
  { who: appPrincipalId, kind: 'ServicePrincipal', role: roles.serviceBusDataReceiver }
  { who: appPrincipalId, kind: 'ServicePrincipal', role: roles.serviceBusDataSender }
  { who: senderPrincipalId, kind: 'ServicePrincipal', role: roles.serviceBusDataSender }
  { who: operatorsGroupId, kind: 'Group', role: roles.serviceBusDataReceiver }
  { who: operatorsGroupId, kind: 'Group', role: roles.serviceBusDataSender }
])

resource queueGrants 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in onQueue: {
    scope: namespace::queue
    name: guid(namespace::queue.id, grant.who, grant.role)
    properties: {
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        grant.role
      )
      principalId: grant.who
      principalType: grant.kind
    }
  }
]

resource appWritesTelemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: insights
  name: guid(insights.id, appPrincipalId, roles.monitoringMetricsPublisher)
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.monitoringMetricsPublisher
    )
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}

// With this role the portal shows operators the queue, metrics and alerts.
resource operatorsSee 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsGroupId)) {
  name: guid(resourceGroup().id, operatorsGroupId, roles.reader)
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.reader
    )
    principalId: operatorsGroupId
    principalType: 'Group'
  }
}

resource operatorsReadLogs 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsGroupId)) {
  scope: workspace
  name: guid(workspace.id, operatorsGroupId, roles.logAnalyticsReader)
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.logAnalyticsReader
    )
    principalId: operatorsGroupId
    principalType: 'Group'
  }
}
