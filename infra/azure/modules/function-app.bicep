// The app on Flex Consumption: no setting contains a key, and every caller needs a token.
import { Stage } from '../stages.bicep'
import { Settings } from '../settings.bicep'
import { Endpoints, Tags } from '../types.bicep'

param name string
param planName string
param location string
param tags Tags
param stage Stage
param identityId string
param identityClientId string
param hostEndpoints Endpoints
param recordsEndpoints Endpoints
param auditEndpoints Endpoints
param serviceBusHost string
param queueName string
param eventSources string
param accessModelBlob string
param schedulerEndpoint string
param settings Settings
param insightsConnection string
param apiClientId string
param apiCallers string[]
param callerAddresses string[]
param workspaceId string

var required = {
  AzureWebJobsStorage__blobServiceUri: hostEndpoints.blob
  AzureWebJobsStorage__queueServiceUri: hostEndpoints.queue
  AzureWebJobsStorage__tableServiceUri: hostEndpoints.table
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  ServiceBus__fullyQualifiedNamespace: serviceBusHost
  ServiceBus__credential: 'managedidentity'
  ServiceBus__clientId: identityClientId
  AZURE_CLIENT_ID: identityClientId
  AZURE_FUNCTIONS_ENVIRONMENT: stage.environment
  PROVISIONING_QUEUE: queueName
  EVENT_SOURCES: eventSources
  RECORDS_STORAGE: recordsEndpoints.table
  AUDIT_STORAGE: auditEndpoints.table
  ACCESS_MODEL: empty(accessModelBlob)
    ? 'access-model.json'
    : '${recordsEndpoints.blob}access-model/${accessModelBlob}'
  MOST_INSTANCES: string(stage.maximumInstanceCount + stage.alwaysReady)
  RECONCILE_REPORTS: '${recordsEndpoints.blob}reports'
  SEALS: '${auditEndpoints.blob}seals'
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnection
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identityClientId}'
  AzureFunctionsJobHost__extensions__durableTask__maxConcurrentActivityFunctions: string(stage.activitiesPerInstance)
}

// An idle task hub is polled every 30 seconds by default; Flex Consumption requires 10 or less.
// https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-azure-storage-provider#flex-consumption-plan
var onStorage = {
  AzureFunctionsJobHost__extensions__durableTask__storageProvider__maxQueuePollingInterval: '00:00:10'
}

var onScheduler = {
  AzureFunctionsJobHost__extensions__durableTask__storageProvider__type: 'azureManaged'
  AzureFunctionsJobHost__extensions__durableTask__storageProvider__connectionStringName: 'TASK_SCHEDULER'
  // An address and the identity that signs in; there is no key.
  TASK_SCHEDULER: 'Endpoint=${schedulerEndpoint};Authentication=ManagedIdentity;ClientID=${identityClientId};TaskHub=Joinery'
}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  // azd finds the app by this tag.
  tags: union(tags, { 'azd-service-name': 'app' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    functionAppConfig: {
      runtime: { name: 'node', version: '22' }
      scaleAndConcurrency: {
        maximumInstanceCount: stage.maximumInstanceCount
        instanceMemoryMB: stage.instanceMemoryMB
        alwaysReady: stage.alwaysReady > 0
          ? [{ name: 'durable', instanceCount: stage.alwaysReady }]
          : []
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostEndpoints.blob}deployment'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
    }
    // Flex Consumption has no FTP: it rejects a site with ftpsState or another property that it does not use.
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      remoteDebuggingEnabled: false
      http20Enabled: true
      ipSecurityRestrictionsDefaultAction: 'Deny'
      ipSecurityRestrictions: map(range(0, length(callerAddresses)), (index) => {
        name: 'caller-${index}'
        action: 'Allow'
        priority: 100 + index
        ipAddress: callerAddresses[index]
      })
      scmIpSecurityRestrictionsUseMain: false
    }
  }

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(required, empty(schedulerEndpoint) ? onStorage : onScheduler, settings)
  }

  // This protects the host's /runtime and /admin paths too; only the liveness check is open.
  resource authentication 'config' = {
    name: 'authsettingsV2'
    properties: {
      platform: { enabled: true }
      httpSettings: { requireHttps: true }
      globalValidation: {
        requireAuthentication: true
        unauthenticatedClientAction: 'Return401'
        excludedPaths: ['/api/health/live']
      }
      identityProviders: {
        azureActiveDirectory: {
          enabled: true
          registration: {
            clientId: apiClientId
            openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
          }
          validation: {
            allowedAudiences: [apiClientId, 'api://${apiClientId}']
            // Never an empty list, which could mean all applications.
            defaultAuthorizationPolicy: { allowedApplications: concat([apiClientId], apiCallers) }
          }
        }
      }
      login: { tokenStore: { enabled: false } }
    }
  }

  resource ftpPassword 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scmPassword 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: app
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
  }
}

output name string = app.name
output host string = app.properties.defaultHostName
