// What azd deploys. Every value comes from the azd environment: azd env set JOINERY_STAGE prod
using 'main.bicep'
import { dev, prod } from 'stages.bicep'

param name = readEnvironmentVariable('JOINERY_NAME', 'joinery')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
// By name, so that another word is an error here and not a trial where the real thing was meant.
param stage = { dev: dev, prod: prod }[readEnvironmentVariable('JOINERY_STAGE', 'dev')]
param eventSources = readEnvironmentVariable('EVENT_SOURCES')
param senderPrincipalId = readEnvironmentVariable('JOINERY_SENDER', '')
param operatorsGroupId = readEnvironmentVariable('JOINERY_OPERATORS', '')
param auditorsGroupId = readEnvironmentVariable('JOINERY_AUDITORS', '')
param modelOwnersGroupId = readEnvironmentVariable('JOINERY_MODEL_OWNERS', '')
param apiClientId = readEnvironmentVariable('JOINERY_API_CLIENT_ID')
param apiCallers = json(readEnvironmentVariable('JOINERY_API_CALLERS', '[]'))
// Runners of GitHub have no fixed address, and the workflow asks the app whether it lives.
param callerAddresses = json(readEnvironmentVariable('JOINERY_CALLER_ADDRESSES', '["0.0.0.0/0"]'))
param alertMails = map(
  split(readEnvironmentVariable('JOINERY_ALERT_MAILS'), ','),
  (mail) => trim(mail)
)
param accessModelBlob = readEnvironmentVariable('JOINERY_ACCESS_MODEL_BLOB', '')
param settings = {
  PACKAGES: { ensure: 'ensure', 'verify-only': 'verify-only' }[readEnvironmentVariable(
    'PACKAGES',
    'ensure'
  )]
}
