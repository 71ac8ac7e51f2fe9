import { emptyOn404, GraphError } from '../../../shared/graph/errors';
import { SIGN_IN } from '../../graph';
import { counted } from '../../print';
import type { DoctorContext } from '../context';
import { fault, notChecked, NotChecked, ok, orOk, type Finding } from '../finding';

const WRITE = 'EntitlementManagement.ReadWrite.All';
/** Needed with roles on catalogs: those roles do not cover searching catalogs and packages by name. */
const READ = 'EntitlementManagement.Read.All';
/** Any of these may read people with their worker number. */
const PEOPLE = [
  'User.Read.All',
  'User.ReadWrite.All',
  'Directory.Read.All',
  'Directory.ReadWrite.All',
];

/** Whether the app's identity holds what it needs: app roles of Graph, or with PACKAGES=verify-only a role on each catalog. */
export async function checkPermissions(context: DoctorContext): Promise<Finding[]> {
  const { account, isLoopback } = context;
  if (!account && !isLoopback.graph) throw new NotChecked('nobody is signed in to Graph', SIGN_IN);
  if (context.identity !== undefined)
    return evaluate(context, await heldBy(context, context.identity));
  if (account?.isApp) {
    // An application may lack permission to read about itself; its token holds most of the answer.
    const held = await heldBy(context, account.id ?? '').catch(() => undefined);
    const { appRoles = [], catalogs = [] } = held ?? {};
    return evaluate(context, { appRoles: [...appRoles, ...account.roles], catalogs });
  }
  const todo = 'name it with --identity <client or object id>';
  if (account) return [notChecked("the app's identity is not known", todo)];
  const refused = await refusedReads(context);
  if (refused.length > 0) return refused.map(lacking);
  return [
    ok(`the first reads of a run succeed; the permissions of the app are not checked: ${todo}`),
  ];
}

async function evaluate(context: DoctorContext, held: Held | undefined): Promise<Finding[]> {
  const { identity = '' } = context;
  if (!held) {
    const todo = 'check AZURE_CLIENT_ID or --identity, and that it belongs to this tenant';
    return [
      fault({ name: 'identity-unknown', about: identity, text: 'no service principal', todo }),
    ];
  }
  const findings: Finding[] = [];
  if (!PEOPLE.some((role) => held.appRoles.includes(role))) findings.push(lacking('User.Read.All'));
  const manages = held.appRoles.includes(WRITE);
  if (!manages && context.config.packages === 'ensure')
    findings.push(held.catalogs.length > 0 ? narrow(held.catalogs) : lacking(WRITE));
  if (!manages && context.config.packages === 'verify-only') {
    if (!held.appRoles.includes(READ)) findings.push(lacking(READ));
    findings.push(...(await uncovered(context, held)));
  }
  return orOk(
    findings,
    manages ? `${WRITE}, and a permission to read people` : 'a role on each catalog',
  );
}

/** Catalogs of the model on which the identity may not assign. */
async function uncovered(
  { packageReports }: DoctorContext,
  { catalogs }: Held,
): Promise<Finding[]> {
  const items = (await packageReports()).flatMap(({ items: [catalog] }) => catalog ?? []);
  const ids = new Map(items.map(({ about, id }) => [about, id]));
  return [...ids].flatMap(([about, id]) =>
    id === undefined || catalogs.includes('/') || catalogs.includes(id)
      ? []
      : [
          fault({
            name: 'catalog-role-missing',
            about,
            text: 'the identity may not assign the packages of this catalog',
            todo: 'give it "Access package assignment manager" there: npm run grant:graph',
          }),
        ],
  );
}

/** The permissions behind those of a run's first reads that are refused. */
async function refusedReads({ entitlements, tenant, config }: DoctorContext): Promise<string[]> {
  const reads: [string, () => Promise<unknown>][] = [
    [WRITE, () => entitlements.findCatalogs('joinery doctor')],
    ['User.Read.All', () => tenant.people(config.matchAttribute, 1)],
  ];
  const refused = reads.map(async ([permission, read]) =>
    (await read().then(() => false, isRefusal)) ? [permission] : [],
  );
  return (await Promise.all(refused)).flat();
}

function isRefusal(error: unknown): boolean {
  if (error instanceof GraphError && error.fault.status === 403) return true;
  throw error;
}

const lacking = (about: string): Finding =>
  fault({
    name: 'permission-missing',
    about,
    text: "the app's identity does not hold this app role of Microsoft Graph",
    todo: 'grant it: npm run grant:graph; docs/permissions.md explains how',
  });

/** The narrow grant cannot create packages, so PACKAGES and the grant contradict each other. */
const narrow = (catalogs: readonly string[]): Finding => ({
  level: 'fault',
  name: 'permission-narrow',
  about: 'PACKAGES',
  text:
    `PACKAGES=ensure creates packages, and the identity has the narrow role, which only assigns those of ` +
    (catalogs.includes('/') ? 'all catalogs' : counted(catalogs.length, 'catalog')),
  todo:
    'set PACKAGES=verify-only and create the packages with "joinery model apply", or grant the identity ' +
    `${WRITE}: npm run grant:graph -- --tenant-wide`,
});

/** What an identity holds: app roles of Graph by name, and the catalogs ("/" is all) on which it may assign. */
type Held = { appRoles: readonly string[]; catalogs: readonly string[] };

/**
 * The roles that may assign packages: catalog owner, access package manager and access package assignment manager.
 * Source: https://learn.microsoft.com/entra/id-governance/entitlement-management-delegate
 */
const MAY_ASSIGN = [
  'ae79f266-94d4-4dab-b730-feca7e132178',
  '7f480852-ebdc-47d4-87de-0d8498384a83',
  'e2182095-804a-4656-ae11-64734e9b7ae5',
];

/** What the service principal of a client or object id holds; undefined if the tenant has none. Throws `GraphError`. */
async function heldBy({ tenant }: DoctorContext, identity: string): Promise<Held | undefined> {
  const principal =
    (await tenant.principalByAppId(identity)) ??
    (await emptyOn404(tenant.principalById(identity)))[0];
  if (!principal) return undefined;
  const [graph, assigned, roles] = await Promise.all([
    tenant.graphPrincipal(),
    tenant.appRoleAssignments(principal.id),
    tenant.entitlementRoles(principal.id),
  ]);
  const names = new Map(graph?.appRoles?.map(({ id, value }) => [id, value ?? '']));
  return {
    appRoles: assigned
      .filter(({ resourceId }) => resourceId === graph?.id)
      .map(({ appRoleId }) => names.get(appRoleId) ?? ''),
    catalogs: roles
      .filter(({ roleDefinitionId }) => MAY_ASSIGN.includes(roleDefinitionId.toLowerCase()))
      .map(({ appScopeId }) => appScopeId?.replace(/^\/AccessPackageCatalog\//i, '') ?? '/'),
  };
}
