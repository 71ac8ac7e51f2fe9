import { z } from 'zod';
import { Condition } from './condition';
import { TimeZone } from '../events/event';
import { jsonHash } from '../events/keys';

const Key = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, { error: '1 to 63 of a-z 0-9 -, not beginning with -' });
const Guid = z
  .string()
  .regex(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/, { error: 'an object id in lower case' });
/** Graph trims what it stores, so a name with spaces around it would never be found again. */
const trimmed = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^\S(?:.*\S)?$/, { error: 'one line of text without spaces around it' });
const Name = trimmed(256);
const Description = trimmed(1024);
/** The display name and description in Entra, of catalogs, packages and policies alike. */
const labels = { displayName: Name, description: Description };
const Days = z
  .string()
  .regex(/^P[1-9]\d{0,3}D$/, { error: 'an ISO 8601 duration in days such as P90D' });

/** Two display names that differ only in the case of letters or in Unicode form are one name to whoever reads them. */
export const foldedName = (displayName: string): string =>
  displayName.normalize('NFC').toLowerCase();

/** Graph takes lifetimes of 0 to 3,660 days. */
const Lifetime = Days.refine((text) => Number(text.slice(1, -1)) <= 3660, {
  error: 'at most P3660D, which is all that Entra allows',
});

/** The catalog of packages, found by its display name; created and published if absent. */
export const Catalog = z.strictObject({ key: Key, ...labels });
export type Catalog = z.infer<typeof Catalog>;

const RoleName = Name.meta({ description: "The role's display name, as Graph shows it." });

/** One role of one resource, in the terms of Graph's accessPackageResource. */
export const Resource = z.discriminatedUnion('originSystem', [
  z.strictObject({
    originSystem: z.literal('AadGroup'),
    originId: Guid,
    role: z.enum(['Member', 'Owner']),
  }),
  z.strictObject({ originSystem: z.literal('AadApplication'), originId: Guid, role: RoleName }),
  z.strictObject({
    originSystem: z.literal('SharePointOnline'),
    originId: z.url({ protocol: /^https$/ }),
    role: RoleName,
  }),
]);
export type Resource = z.infer<typeof Resource>;

/** How long an assignment lasts; the members of Graph's expirationPattern. */
export const Expiration = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('noExpiration') }),
  z.strictObject({ type: z.literal('afterDuration'), duration: Lifetime }),
  z.strictObject({ type: z.literal('afterDateTime'), endDateTime: z.iso.datetime() }),
]);
export type Expiration = z.infer<typeof Expiration>;

/** Who may decide: a person, the members of a group, or the manager of the person who gets the access. */
export const Approver = z.union(
  [
    z.strictObject({ userId: Guid }),
    z.strictObject({ groupId: Guid }),
    z.strictObject({ managerLevel: z.int().min(1).max(2) }),
  ],
  { error: 'exactly one of {userId}, {groupId}, {managerLevel}' },
);
export type Approver = z.infer<typeof Approver>;

const ApprovalStage = z.strictObject({
  durationBeforeAutomaticDenial: Days,
  primaryApprovers: z.array(Approver).min(1),
});
export type ApprovalStage = z.infer<typeof ApprovalStage>;

/** Whether a request needs an approval in Entra, and the approvers of each stage (Entra has at most three). */
export const Approval = z.discriminatedUnion('required', [
  z.strictObject({ required: z.literal(false) }),
  z.strictObject({ required: z.literal(true), stages: z.array(ApprovalStage).min(1).max(3) }),
]);
export type Approval = z.infer<typeof Approval>;

/** An assignment policy that is created for the package: administrators assign, users cannot request. */
export const Policy = z.strictObject({ ...labels, expiration: Expiration, approval: Approval });
export type Policy = z.infer<typeof Policy>;

/** `enforce` carries changes of access out, `observe` only records what would be done, `paused` keeps them waiting. */
export const Mode = z.enum(['enforce', 'observe', 'paused']);
export type Mode = z.infer<typeof Mode>;

/** What reconciliation does about a finding: a person reads of it, or a recheck of the person puts it right. */
const Remedy = z.enum(['report', 'repair']).optional();
const ReportOnly = z
  .literal('report', { error: 'nothing repairs this finding: report' })
  .optional();

/** The remedy of each kind of finding of a reconciliation; `report` where nothing is said. */
export const Remedies = z
  .strictObject({
    ...{ 'unknown-person': ReportOnly, conflict: Remedy, stuck: ReportOnly, broken: Remedy },
    ...{ taken: Remedy, 'wrong-end': Remedy, missing: Remedy, 'extra-ours': Remedy },
    ...{ theirs: ReportOnly, 'by-rule': ReportOnly, 'roster-only': ReportOnly },
    ...{ 'absent-from-roster': ReportOnly, 'package-drift': ReportOnly },
  })
  .meta({
    description: 'What reconciliation does about each kind of finding: report (default) or repair.',
  });
export type Remedies = z.infer<typeof Remedies>;

/** A package and its required state in Graph: it is created so, or adopted if it is so. */
export const AccessPackage = z.strictObject({
  key: Key,
  catalog: Key,
  ...labels,
  hidden: z.boolean().default(false),
  resources: z.array(Resource).min(1),
  policy: Policy.optional(),
  policyId: Guid.optional().meta({ description: 'An existing policy; needs adoptId.' }),
  adoptId: Guid.optional().meta({ description: 'An existing package to use.' }),
  incompatibleWith: z
    .array(Key)
    .default([])
    .meta({ description: 'Packages that nobody may hold beside this one; one side is enough.' }),
  wait: z.boolean().default(false).meta({
    description: 'Whether a run waits for a pending approval, or closes as approval-required.',
  }),
  overlapDays: z.int().min(0).max(365).default(0).meta({
    description:
      'For how many days after a move the package is kept, if the new position does not give it.',
  }),
  mode: Mode.optional().meta({
    description:
      'Whether changes of this access are carried out (enforce), only recorded (observe) or wait (paused); by default as the setting MODE says.',
  }),
  renew: z.boolean().default(false).meta({
    description:
      "Whether it is given again when the policy's own end passes while a rule still gives it.",
  }),
  reconcile: Remedies.optional(),
});
export type AccessPackage = z.infer<typeof AccessPackage>;

/** Who gets which packages on joining, and why: auditors read `id` and `description`. */
export const Birthright = z.strictObject({
  id: Key,
  description: Description,
  when: Condition,
  packages: z.array(Key).min(1),
});
export type Birthright = z.infer<typeof Birthright>;

/** The reviewed rules; docs/access-model.md explains each member. */
export const AccessModel = z.strictObject({
  $schema: z.string().optional(),
  version: z.literal(1).meta({ description: 'The version of this format.' }),
  leadDays: z.int().min(0).max(365).meta({
    description: 'How many days before the start date access may be given.',
  }),
  attributes: z.array(z.string().min(1).max(64)).optional().meta({
    description:
      'The names of the attributes that are stored of a worker; if absent, those that rules read. location always is.',
  }),
  readyAt: z
    .string()
    .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, { error: 'a time of day hh:mm' })
    .default('09:00')
    .meta({
      description:
        "The time of the first day, in the worker's zone, by which access should be there.",
    }),
  bridgeDays: z.int().min(0).max(365).default(0).meta({
    description:
      'How many days may lie between two employments for their common packages to be kept.',
  }),
  timeZones: z.strictObject({ default: TimeZone, byLocation: z.record(Name, TimeZone) }),
  reconcile: Remedies.optional(),
  catalogs: z.array(Catalog).min(1),
  accessPackages: z.array(AccessPackage).min(1),
  birthrights: z.array(Birthright).min(1),
});
export type AccessModel = z.infer<typeof AccessModel>;

/** Everything that defines one package, and a hash of it. */
export type PackageDefinition = {
  accessPackage: AccessPackage;
  catalog: Catalog;
  incompatible: AccessPackage[];
  version: string;
};

const definitions = new WeakMap<AccessModel, Map<string, PackageDefinition>>();

/**
 * The definition of a package key; undefined if the model lacks the package or its catalog. Each is made once: a model does
 * not change, and every row about a package names its version.
 */
export function packageDefinition(model: AccessModel, key: string): PackageDefinition | undefined {
  const known = definitions.get(model) ?? new Map<string, PackageDefinition>();
  definitions.set(model, known);
  const definition = known.get(key) ?? definitionOf(model, key);
  if (definition) known.set(key, definition);
  return definition;
}

function definitionOf(model: AccessModel, key: string): PackageDefinition | undefined {
  const accessPackage = model.accessPackages.find((one) => one.key === key);
  const catalog = model.catalogs.find((one) => one.key === accessPackage?.catalog);
  if (accessPackage === undefined || catalog === undefined) return undefined;
  const incompatible = incompatibleWith(model, accessPackage);
  const version = versionOf(accessPackage, catalog, incompatible);
  return { accessPackage, catalog, incompatible, version };
}

/** The key of the catalog of a package; undefined if the model lacks the package. */
export const catalogKeyOf = ({ accessPackages }: AccessModel, key: string): string | undefined =>
  accessPackages.find((one) => one.key === key)?.catalog;

/** The packages that are incompatible with this one, whichever of the two names the other. */
function incompatibleWith(model: AccessModel, { key, incompatibleWith }: AccessPackage) {
  return model.accessPackages.filter(
    (other) => incompatibleWith.includes(other.key) || other.incompatibleWith.includes(key),
  );
}

/** Omits what Graph never sees: a changed `wait` must not cause a new verification of the package. */
function versionOf(accessPackage: AccessPackage, catalog: Catalog, incompatible: AccessPackage[]) {
  const peers = incompatible.map((peer) => [peer.catalog, peer.displayName]);
  const definition = {
    ...accessPackage,
    wait: undefined,
    overlapDays: undefined,
    renew: undefined,
    mode: undefined,
    reconcile: undefined,
    incompatibleWith: undefined,
  };
  return jsonHash({ catalog, definition, incompatible: peers });
}
