// The inventory of what runs in Azure; modules/ has the details. docs/operations.md explains how to deploy and run it.
import { Stage } from 'stages.bicep'
import { Settings } from 'settings.bicep'

@description('Short name of this installation, part of every resource name.')
@minLength(3)
@maxLength(16)
param name string

param location string = resourceGroup().location

@description('Sizes and redundancy: dev or prod of stages.bicep, or values of your own.')
param stage Stage

@description('Allowed CloudEvents source values, separated by commas.')
@minLength(1)
param eventSources string

@description('Object id of the identity that the HR system sends with; without it, no identity may send.')
param senderPrincipalId string = ''

@description('Object id of the group that monitors, reads the audit and replays messages.')
param operatorsGroupId string = ''

@description('Object id of the group that may only read the audit.')
param auditorsGroupId string = ''

@description('Object id of the group that owns the access model: it may upload a new one, and apply it with the joinery command.')
param modelOwnersGroupId string = ''

@description('Client id of the app registration that callers of the HTTP API sign in to.')
@minLength(36)
@maxLength(36)
param apiClientId string

@description('Client ids of the applications that may call the HTTP API.')
param apiCallers string[] = []

@description('Addresses in CIDR notation that may call the app. An empty list blocks all callers; 0.0.0.0/0 admits all, and then only the sign-in protects the app.')
param callerAddresses string[]

@description('Mail addresses that receive alerts.')
@minLength(1)
param alertMails string[]

@description('Name of the blob with the access model; if empty, the app uses the one in the package.')
param accessModelBlob string = ''

@description('Settings of the app that differ from their defaults.')
param settings Settings = {}

var token = uniqueString(resourceGroup().id, name)
var queueName = 'provisioning-events'
var usesScheduler = stage.durable != 'AzureStorage'
var tags = { joinery: name }

module identity 'modules/identity.bicep' = {
  params: { name: 'id-${name}-${token}', location: location, tags: tags }
}

module monitoring 'modules/monitoring.bicep' = {
  params: {
    workspaceName: 'log-${name}-${token}'
    insightsName: 'appi-${name}-${token}'
    location: location
    tags: tags
    retentionDays: stage.logRetentionDays
  }
}

module storage 'modules/storage.bicep' = {
  params: {
    token: token
    location: location
    tags: tags
    redundancy: stage.redundancy
    auditRedundancy: stage.auditRedundancy
    locked: stage.locked
    workspaceId: monitoring.outputs.workspaceId
  }
}

module serviceBus 'modules/service-bus.bicep' = {
  params: {
    name: 'sb-${name}-${token}'
    location: location
    tags: tags
    sku: stage.serviceBus
    queueName: queueName
    locked: stage.locked
    workspaceId: monitoring.outputs.workspaceId
  }
}

module scheduler 'modules/scheduler.bicep' = if (usesScheduler) {
  params: {
    name: 'dts-${name}-${token}'
    location: location
    tags: tags
    sku: stage.durable == 'Dedicated' ? 'Dedicated' : 'Consumption'
    principalId: identity.outputs.principalId
  }
}

module access 'modules/access.bicep' = {
  params: {
    appPrincipalId: identity.outputs.principalId
    senderPrincipalId: senderPrincipalId
    operatorsGroupId: operatorsGroupId
    auditorsGroupId: auditorsGroupId
    modelOwnersGroupId: modelOwnersGroupId
    hostAccountName: storage.outputs.hostName
    recordsAccountName: storage.outputs.recordsName
    auditAccountName: storage.outputs.auditName
    namespaceName: serviceBus.outputs.name
    queueName: queueName
    insightsName: monitoring.outputs.insightsName
    workspaceName: monitoring.outputs.workspaceName
  }
}

module functionApp 'modules/function-app.bicep' = {
  // The app reads its package, its stores and its queue at its start, so the roles must exist first.
  dependsOn: [access]
  params: {
    name: 'func-${name}-${token}'
    planName: 'plan-${name}-${token}'
    location: location
    tags: tags
    stage: stage
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    hostEndpoints: storage.outputs.hostEndpoints
    recordsEndpoints: storage.outputs.recordsEndpoints
    auditEndpoints: storage.outputs.auditEndpoints
    serviceBusHost: serviceBus.outputs.host
    queueName: queueName
    eventSources: eventSources
    accessModelBlob: accessModelBlob
    schedulerEndpoint: usesScheduler ? scheduler!.outputs.endpoint : ''
    settings: settings
    insightsConnection: monitoring.outputs.insightsConnection
    apiClientId: apiClientId
    apiCallers: apiCallers
    callerAddresses: callerAddresses
    workspaceId: monitoring.outputs.workspaceId
  }
}

module alerts 'modules/alerts.bicep' = {
  params: {
    name: name
    location: location
    tags: tags
    mails: alertMails
    namespaceId: serviceBus.outputs.id
    queueName: queueName
    workspaceId: monitoring.outputs.workspaceId
    appName: functionApp.outputs.name
    auditAccountName: storage.outputs.auditName
    appPrincipalId: identity.outputs.principalId
  }
}

// `azd env get-values` prints these settings; with them the joinery command finds this installation.
output FUNCTION_APP_NAME string = functionApp.outputs.name
output FUNCTION_APP_HOST string = functionApp.outputs.host
output IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId
output ServiceBus__fullyQualifiedNamespace string = serviceBus.outputs.host
output PROVISIONING_QUEUE string = queueName
output EVENT_SOURCES string = eventSources
output RECORDS_STORAGE string = storage.outputs.recordsEndpoints.table
output AUDIT_STORAGE string = storage.outputs.auditEndpoints.table
