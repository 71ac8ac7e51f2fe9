@export()
type Tags = { joinery: string }

@description('Endpoints of a storage account, with a trailing slash.')
@export()
type Endpoints = { blob: string, queue: string, table: string }
