import { StoreUnavailable } from '../../../shared/storage/storage-port';
import { fault, notChecked, ok, orOk, warning, type Finding } from '../finding';
import type { Patient } from '../patient';

const RECORDS = ['claims', 'workers', 'packages', 'due', 'limits'];
const AUDIT = ['audit', 'auditIndex'];

/** A row that never is, and a state of it that never was: asking to change it changes nothing, and tells whether one may. */
const NOWHERE = ['doctor', 'nowhere'] as const;
const NEVER = `W/"datetime'2000-01-01T00%3A00%3A00.0000000Z'"`;

/** Whether the tables of the records are there and may be read and written. */
export async function checkRecords(patient: Patient): Promise<Finding[]> {
  const looks = await lookAtAll(patient, patient.config.storage.records, RECORDS);
  const read = looks.filter(({ code }) => code === undefined);
  const refused = read.filter(({ changeable }) => !changeable).map(({ name }) => name);
  const findings = troublesOf(patient, looks, 'RECORDS_STORAGE');
  if (refused.length > 0) findings.push(unwritable(patient, refused));
  return orOk(findings, `${read.length} tables are there and may be read and written`);
}

/**
 * Whether the tables of the audit are there and may be read, and whether their rows could be changed. That a row can be
 * added is not tried: it could never be taken back.
 */
export async function checkAudit(patient: Patient): Promise<Finding[]> {
  const looks = await lookAtAll(patient, patient.config.storage.audit, AUDIT);
  const findings = troublesOf(patient, looks, 'AUDIT_STORAGE');
  if (findings.length > 0) return findings;
  const changeable = looks.some((one) => one.changeable);
  if (patient.isLoopback.storage)
    return [ok('both tables are there; rows could be changed, as in any local stand-in')];
  if (!changeable) return [ok('both tables are there, and this account cannot change their rows')];
  return [
    warning({
      name: 'audit-changeable',
      about: 'AUDIT_STORAGE',
      text: 'this account could change audit rows',
      todo: 'give it a role that only reads and adds, and let nobody use the account key',
    }),
  ];
}

type Look = { name: string; code?: string; changeable: boolean };

function lookAtAll({ table }: Patient, storage: string, names: readonly string[]) {
  return Promise.all(names.map((name) => lookAt(name, table(storage, name))));
}

async function lookAt(name: string, table: ReturnType<Patient['table']>): Promise<Look> {
  try {
    await table.read(...NOWHERE);
  } catch (error) {
    return { name, code: codeOf(error), changeable: false };
  }
  // Rights are checked before the row is looked for, so a row that is absent answers "not found" only to who may write.
  const changeable = await table.replace(...NOWHERE, {}, NEVER).then(
    () => true,
    () => false,
  );
  return { name, changeable };
}

const codeOf = (error: unknown): string =>
  error instanceof StoreUnavailable ? (error.code ?? 'no-answer') : String(error);

function troublesOf(patient: Patient, looks: readonly Look[], setting: string): Finding[] {
  const codes = [...new Set(looks.flatMap(({ code }) => code ?? []))];
  return codes.map((code) => {
    const names = looks.filter((one) => one.code === code).map(({ name }) => name);
    return troubleOf(patient, code, names.join(', '), setting);
  });
}

function troubleOf(patient: Patient, code: string, about: string, setting: string): Finding {
  if (code === 'TableNotFound') {
    const todo = 'deploy the infrastructure, which makes the tables; the app never does';
    return fault({ name: 'table-missing', about, text: 'not there', todo });
  }
  if (code.startsWith('Authoriz')) {
    const todo = 'give the app the roles that the infrastructure names; you need Table Data Reader';
    const text = `${code}: may not be read`;
    if (patient.config.identity.managed)
      return fault({ name: 'table-not-readable', about, text, todo });
    return warning({ name: 'table-not-readable', about, text: `${text} by you`, todo });
  }
  if (/Credential|Authentication/.test(code)) {
    return notChecked('nobody is signed in', 'sign in, for instance with "az login"');
  }
  const todo = `check ${setting}, and whether the network lets you there`;
  return fault({ name: 'store-unreachable', about: setting, text: code, todo });
}

function unwritable({ config }: Patient, names: readonly string[]): Finding {
  const trouble = {
    name: 'table-not-writable',
    about: names.join(', '),
    text: config.identity.managed ? 'the app may not write' : 'may not be written by you',
    todo: 'the app needs Storage Table Data Contributor, and so does whoever applies a model',
  };
  return config.identity.managed ? fault(trouble) : warning(trouble);
}
