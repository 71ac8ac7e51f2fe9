// Three accounts, because the cost of a loss differs: host storage can be rebuilt, records are state, and the audit is evidence.
import { Endpoints, Tags } from '../types.bicep'

param token string
param location string
param tags Tags
param redundancy string
param auditRedundancy string
param locked bool
param workspaceId string

module host 'storage-account.bicep' = {
  params: {
    name: 'sthost${token}'
    location: location
    tags: tags
    redundancy: redundancy
    containers: ['deployment']
    immutableDays: 0
    tables: []
    locked: locked
    workspaceId: workspaceId
    // The task hub reads and writes constantly, so only deletions are logged.
    logCategories: ['StorageDelete']
  }
}

module records 'storage-account.bicep' = {
  params: {
    name: 'strecords${token}'
    location: location
    tags: tags
    redundancy: redundancy
    containers: ['access-model', 'reports']
    immutableDays: 0
    tables: ['claims', 'workers', 'packages', 'due', 'limits', 'removals', 'staging']
    locked: locked
    workspaceId: workspaceId
    logCategories: ['StorageWrite', 'StorageDelete']
  }
}

module audit 'storage-account.bicep' = {
  params: {
    name: 'staudit${token}'
    location: location
    tags: tags
    redundancy: auditRedundancy
    containers: ['seals']
    immutableDays: 3650
    tables: ['audit', 'auditIndex']
    locked: true
    workspaceId: workspaceId
    logCategories: ['StorageRead', 'StorageWrite', 'StorageDelete']
  }
}

output hostName string = host.outputs.name
output recordsName string = records.outputs.name
output auditName string = audit.outputs.name
output hostEndpoints Endpoints = host.outputs.endpoints
output recordsEndpoints Endpoints = records.outputs.endpoints
output auditEndpoints Endpoints = audit.outputs.endpoints
