// The queue that receives the events of HR.
import { Tags } from '../types.bicep'

param name string
param location string
param tags Tags
param sku 'Standard' | 'Premium'
param queueName string
param locked bool
param workspaceId string

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: sku, tier: sku, capacity: sku == 'Premium' ? 1 : null }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
  }
}

resource queue 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = {
  parent: namespace
  name: queueName
  properties: {
    // A resend with the same MessageId would disappear silently; the app identifies events by their content.
    requiresDuplicateDetection: false
    requiresSession: false
    maxDeliveryCount: 10
    // Longer than the intake holds a message during a fault; the host also renews it.
    lockDuration: 'PT5M'
    defaultMessageTimeToLive: 'P14D'
    deadLetteringOnMessageExpiration: true
    maxSizeInMegabytes: 5120
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (locked) {
  scope: namespace
  name: 'keep'
  properties: {
    level: 'CanNotDelete'
    notes: 'Dead letters live here and nowhere else: see docs/operations.md.'
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: namespace
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
  }
}

output id string = namespace.id
output name string = namespace.name
// The endpoint is an address such as https://NAME.servicebus.windows.net:443/, with another suffix in other clouds.
output host string = split(split(namespace.properties.serviceBusEndpoint, '//')[1], ':')[0]
