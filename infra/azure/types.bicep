@export()
type Tags = { joinery: string }

@description('Addresses of a storage account, with a slash at the end.')
@export()
type Endpoints = { blob: string, queue: string, table: string }
