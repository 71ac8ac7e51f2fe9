// The settings of docs/settings.md that have a default in the app. A wrong name is a type error here.

@export()
@sealed()
type Settings = {
  GRAPH_CLOUD: ('global' | 'usgov' | 'usgovdod' | 'china')?
  GRAPH_URL: string?
  GRAPH_DIALECT: ('v1.0' | 'beta' | 'draft')?
  GRAPH_DRAFT_ROOTS: string?
  GRAPH_DRAFT_MEMBERS: ('example' | 'table')?
  GRAPH_DRAFT_NULLS: ('send' | 'refuse')?
  GRAPH_DEADLINE: string?
  GRAPH_LAG: string?
  GRAPH_WRITE_RATE: string?
  GRAPH_READ_RATE: string?
  PACKAGES: ('ensure' | 'verify-only')?
  MATCH_ATTRIBUTE: string?
  POLL_SCHEDULE: string?
  POLL_BOARD: string?
  DELIVERY_DEADLINE: string?
  APPROVAL_DEADLINE: string?
  PARTIAL_GRACE: string?
  IDENTITY_DEADLINE: string?
  CALL_PATIENCE: string?
  MODE: ('enforce' | 'observe' | 'paused')?
  EXCLUSIONS: string?
  REMOVAL_SETTLE: string?
  REMOVAL_WINDOW: string?
  REMOVAL_LIMIT: string?
  REMOVAL_PERCENT: string?
  REMOVAL_FLOOR: string?
  URGENT_REMOVAL_LIMIT: string?
  INTAKE_HOLD: string?
  SUPERVISE_SCHEDULE: string?
  RECONCILE_SCHEDULE: string?
  RECONCILE_GRANT_LIMIT: string?
  RECONCILE_GRANT_PERCENT: string?
  RECONCILE_REMOVAL_LIMIT: string?
  RECONCILE_FLOOR: string?
  SHRINK_PERCENT: string?
  RECONCILE_ROSTER: string?
  RECONCILE_ROSTER_MAP: string?
  RECONCILE_ROSTER_SOURCE: string?
  RECONCILE_ROSTER_AS_OF: string?
  ROSTER_SHRINK_PERCENT: string?
  SEAL_SCHEDULE: string?
  ENTRA_PACKAGES: string?
  ENTRA_POLICIES: string?
  ENTRA_ASSIGNMENTS: string?
  ENTRA_REQUESTS: string?
  RECOVERY_DELAY: string?
}
