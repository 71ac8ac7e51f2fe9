import { GraphError } from '../../../shared/graph/errors';
import { fault, notChecked, NotChecked, ok, orOk, type Finding } from '../finding';
import { heldBy, type Held } from '../held';
import { SIGN_IN } from '../../graph';
import type { Patient } from '../patient';

const WRITE = 'EntitlementManagement.ReadWrite.All';
/** Beside roles in catalogs, which list only what names a package: catalogs and packages are looked for by name. */
const READ = 'EntitlementManagement.Read.All';
/** Any of them reads people with their worker number. */
const PEOPLE = [
  'User.Read.All',
  'User.ReadWrite.All',
  'Directory.Read.All',
  'Directory.ReadWrite.All',
];

/** Whether the app's identity holds what it needs: app roles of Graph, or with PACKAGES=verify-only a role on each catalog. */
export async function checkPermissions(patient: Patient): Promise<Finding[]> {
  const { account, isLoopback } = patient;
  if (!account && !isLoopback.graph) throw new NotChecked('nobody is signed in to Graph', SIGN_IN);
  if (patient.identity !== undefined)
    return judged(patient, await heldBy(patient, patient.identity));
  if (account?.isApp) {
    // An application may not be let read about itself; its token says the most of it.
    const held = await heldBy(patient, account.id ?? '').catch(() => undefined);
    const { appRoles = [], catalogs = [] } = held ?? {};
    return judged(patient, { appRoles: [...appRoles, ...account.roles], catalogs });
  }
  const todo = 'name it with --identity <client or object id>';
  if (account) return [notChecked("the app's identity is not known", todo)];
  const refused = await refusedReads(patient);
  if (refused.length > 0) return refused.map(lacking);
  return [
    ok(`the first reads of a run are answered; what an identity may was not checked: ${todo}`),
  ];
}

async function judged(patient: Patient, held: Held | undefined): Promise<Finding[]> {
  const { identity = '' } = patient;
  if (!held) {
    const todo = 'check AZURE_CLIENT_ID or --identity, and that it is of this tenant';
    return [
      fault({ name: 'identity-unknown', about: identity, text: 'no service principal', todo }),
    ];
  }
  const findings: Finding[] = [];
  if (!PEOPLE.some((role) => held.appRoles.includes(role))) findings.push(lacking('User.Read.All'));
  const manages = held.appRoles.includes(WRITE);
  if (!manages && patient.config.packages === 'ensure') findings.push(lacking(WRITE));
  if (!manages && patient.config.packages === 'verify-only') {
    if (!held.appRoles.includes(READ)) findings.push(lacking(READ));
    findings.push(...(await uncovered(patient, held)));
  }
  return orOk(findings, manages ? `${WRITE}, and people may be read` : 'a role on each catalog');
}

/** Catalogs of the model on which the identity may not assign. */
async function uncovered({ packageReports }: Patient, { catalogs }: Held): Promise<Finding[]> {
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
async function refusedReads({ entitlements, tenant, config }: Patient): Promise<string[]> {
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
    todo: 'grant it: npm run grant:graph; docs/permissions.md says which way',
  });
