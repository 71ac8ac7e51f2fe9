import type { Person } from '../../../shared/graph/tenant';
import { CliError } from '../../print';
import type { DoctorContext } from '../context';
import { fault, notChecked, ok, orOk, warning, type Finding } from '../finding';

/** Whether the app can load its access model. */
export async function checkModel({ model, config }: DoctorContext): Promise<Finding[]> {
  try {
    const { model: rules, hash } = await model();
    return [ok(`${rules.accessPackages.length} access packages; hash ${hash.slice(0, 12)}`)];
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const [heading = '', ...faults] = error.message.split('\n');
    const about = config.accessModel;
    if (faults.length === 0) {
      const todo = 'set ACCESS_MODEL to the path or blob URL of a readable model';
      return [fault({ name: 'model-unreadable', about, text: heading, todo })];
    }
    const todo = 'fix the file; docs/access-model.md explains each member';
    return faults.map((text) => fault({ name: 'model-fault', about, text: text.trim(), todo }));
  }
}

const SAMPLE = 999;
/** If fewer people than this have the attribute, joiners wait until their deadline. */
const FEW = 0.8;
/** If more people than this share a value, the attribute does not identify people. */
const SHARED = 0.05;

/** Whether the match attribute identifies people, in a sample of the enabled members. Values are not printed. */
export async function checkMatch({ tenant, config }: DoctorContext): Promise<Finding[]> {
  const about = config.matchAttribute;
  const people = await tenant.people(about, SAMPLE);
  if (people.length === 0) return [notChecked('no enabled member was found', 'ask again later')];
  const values = people.flatMap((person) => valueOf(person, about) ?? []);
  const rate = values.length / people.length;
  const shared = values.length - new Set(values).size;
  const found = `${Math.round(rate * 100)} % of ${people.length} people have it`;
  const findings: Finding[] = [];
  if (rate < FEW) {
    const problem = {
      name: rate === 0 ? 'match-attribute-unset' : 'match-attribute-rare',
      about,
      text: found,
      todo: 'set it for everybody, or set MATCH_ATTRIBUTE to the one that holds the worker id',
    };
    findings.push(rate === 0 ? fault(problem) : warning(problem));
  }
  if (shared > 0) {
    const problem = {
      name: 'match-attribute-shared',
      about,
      text: `${shared} of ${people.length} people share their value with somebody`,
      todo: 'give each person a unique value; until then their events end as needs-attention',
    };
    findings.push(shared / people.length > SHARED ? fault(problem) : warning(problem));
  }
  return orOk(findings, `${about}: ${found}, no value twice`);
}

function valueOf(person: Person, attribute: string): string | undefined {
  const value = attribute
    .split('/')
    .reduce<unknown>((inner, name) => (isObject(inner) ? inner[name] : undefined), person);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
