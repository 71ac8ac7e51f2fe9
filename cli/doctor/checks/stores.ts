import { BlobRefused } from '../../../shared/blobs';
import {
  hourAfter,
  hourOf,
  SEALING_FAILS_HOURS,
  startOf,
} from '../../../shared/domain/evidence/hours';
import { openSeals } from '../../../shared/storage/seals';
import { StoreUnavailable } from '../../../shared/storage/storage-port';
import type { DoctorContext } from '../context';
import { fault, notChecked, ok, orOk, warning, type Finding } from '../finding';

const RECORDS = ['claims', 'workers', 'packages', 'due', 'limits', 'removals', 'staging'];
const AUDIT = ['audit', 'auditIndex'];

/** A row that does not exist, and an ETag that it never had: a replace changes nothing and shows whether it is allowed. */
const ABSENT_ROW = ['doctor', 'nowhere'] as const;
const ABSENT_ETAG = `W/"datetime'2000-01-01T00%3A00%3A00.0000000Z'"`;

/** Whether the tables of the records exist and may be read and written. */
export async function checkRecords(context: DoctorContext): Promise<Finding[]> {
  const probes = await probeAll(context, context.config.storage.records, RECORDS);
  const read = probes.filter(({ code }) => code === undefined);
  const refused = read.filter(({ changeable }) => !changeable).map(({ name }) => name);
  const findings = problemsOf(context, probes, 'RECORDS_STORAGE');
  if (refused.length > 0) findings.push(unwritable(context, refused));
  return orOk(findings, `${read.length} tables exist and may be read and written`);
}

/**
 * Whether the tables of the audit exist and may be read, and whether their rows could be changed. Adding a row is not
 * tried, because it could not be removed.
 */
export async function checkAudit(context: DoctorContext): Promise<Finding[]> {
  const probes = await probeAll(context, context.config.storage.audit, AUDIT);
  const findings = problemsOf(context, probes, 'AUDIT_STORAGE');
  if (findings.length > 0) return findings;
  const changeable = probes.some((one) => one.changeable);
  if (context.isLoopback.storage)
    return [ok('both tables exist; rows could be changed, as in any local storage')];
  if (!changeable) return [ok('both tables exist, and this account cannot change their rows')];
  return [
    warning({
      name: 'audit-changeable',
      about: 'AUDIT_STORAGE',
      text: 'this account could change audit rows',
      todo: 'give it a role that only reads and adds, and let nobody use the account key',
    }),
  ];
}

/** Whether the audit is sealed hour by hour, as far as the container of the seals tells. */
export async function checkSeals({ config, credential }: DoctorContext): Promise<Finding[]> {
  const { container } = config.seals;
  if (container === undefined) {
    const todo = 'set SEALS to the container of the seals, which the infrastructure makes';
    return [warning({ name: 'not-sealed', about: 'SEALS', text: 'no hour is sealed', todo })];
  }
  const isSigned = !container.startsWith('https:');
  const seals = openSeals(container, isSigned ? undefined : credential);
  try {
    // One of an hour to come is not ours: "joinery audit verify" names it.
    const hours = (await seals.hours()).filter((hour) => hour <= hourOf(Date.now()));
    const newest = hours.at(-1);
    if (newest === undefined) return [ok('no hour is sealed yet')];
    const todo = 'look for failures of the function "seal", and run "joinery audit verify"';
    if ((await seals.read(newest)) === 'unreadable')
      return [fault({ name: 'seal-unreadable', about: newest, text: 'it is no seal', todo })];
    const text = `${hours.length} hours are sealed, the last is ${newest}`;
    const isLate = Date.now() > startOf(hourAfter(newest, 1 + SEALING_FAILS_HOURS));
    return [isLate ? warning({ name: 'seals-late', about: 'SEALS', text, todo }) : ok(text)];
  } catch (error) {
    return [sealProblem(config, error)];
  }
}

function sealProblem({ identity }: DoctorContext['config'], error: unknown): Finding {
  const status = error instanceof BlobRefused ? error.status : undefined;
  if (status === 404) {
    const todo = 'deploy the infrastructure, which creates the container; the app never does';
    return fault({ name: 'container-missing', about: 'SEALS', text: 'it does not exist', todo });
  }
  if (status === 401 || status === 403) {
    const text = identity.managed ? 'may not be read' : 'may not be read by you';
    const todo =
      'give the app the roles of the infrastructure; you need Storage Blob Data Reader on it';
    const problem = { name: 'container-not-readable', about: 'SEALS', text, todo };
    return identity.managed ? fault(problem) : warning(problem);
  }
  const text = error instanceof Error ? error.name : String(error);
  if (/Credential|Authentication/.test(text)) return nobodySignedIn();
  const todo = 'check SEALS, and that the network lets you reach it';
  return fault({ name: 'store-unreachable', about: 'SEALS', text, todo });
}

const nobodySignedIn = (): Finding =>
  notChecked('nobody is signed in', 'sign in, for instance with "az login"');

type Probe = { name: string; code?: string; changeable: boolean };

function probeAll({ table }: DoctorContext, storage: string, names: readonly string[]) {
  return Promise.all(names.map((name) => probe(name, table(storage, name))));
}

async function probe(name: string, table: ReturnType<DoctorContext['table']>): Promise<Probe> {
  try {
    await table.read(...ABSENT_ROW);
  } catch (error) {
    return { name, code: codeOf(error), changeable: false };
  }
  // Storage checks permissions before it reads the row, so it answers "not found" only to somebody who may write.
  const changeable = await table.replace(...ABSENT_ROW, {}, ABSENT_ETAG).then(
    () => true,
    () => false,
  );
  return { name, changeable };
}

const codeOf = (error: unknown): string =>
  error instanceof StoreUnavailable ? (error.code ?? 'no-answer') : String(error);

function problemsOf(context: DoctorContext, probes: readonly Probe[], setting: string): Finding[] {
  const codes = [...new Set(probes.flatMap(({ code }) => code ?? []))];
  return codes.map((code) => {
    const names = probes.filter((one) => one.code === code).map(({ name }) => name);
    return problemOf(context, code, names.join(', '), setting);
  });
}

function problemOf(context: DoctorContext, code: string, about: string, setting: string): Finding {
  if (code === 'TableNotFound') {
    const todo = 'deploy the infrastructure, which creates the tables; the app never does';
    return fault({ name: 'table-missing', about, text: 'it does not exist', todo });
  }
  if (code.startsWith('Authoriz')) {
    const todo = 'give the app the roles of the infrastructure; you need Storage Table Data Reader';
    const text = `${code}: may not be read`;
    if (context.config.identity.managed)
      return fault({ name: 'table-not-readable', about, text, todo });
    return warning({ name: 'table-not-readable', about, text: `${text} by you`, todo });
  }
  if (/Credential|Authentication/.test(code)) return nobodySignedIn();
  const todo = `check ${setting}, and that the network lets you reach it`;
  return fault({ name: 'store-unreachable', about: setting, text: code, todo });
}

function unwritable({ config }: DoctorContext, names: readonly string[]): Finding {
  const problem = {
    name: 'table-not-writable',
    about: names.join(', '),
    text: config.identity.managed ? 'the app may not write it' : 'you may not write it',
    todo: 'the app needs Storage Table Data Contributor, and so do you on the table packages to apply a model',
  };
  return config.identity.managed ? fault(problem) : warning(problem);
}
