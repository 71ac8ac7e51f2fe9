import type { Person } from '../../../shared/graph/tenant';
import { fault, notChecked, orOk, warning, type Finding } from '../finding';
import type { Patient } from '../patient';

const SAMPLE = 999;
/** Below this share of people with the attribute, joiners will wait in vain. */
const FEW = 0.8;
/** Above this share of people with somebody else's value, the attribute does not name people. */
const SHARED = 0.05;

/** Whether people can be found by the match attribute, in a sample of the enabled members. Values are not shown. */
export async function checkMatch({ tenant, config }: Patient): Promise<Finding[]> {
  const about = config.matchAttribute;
  const people = await tenant.people(about, SAMPLE);
  if (people.length === 0) return [notChecked('no enabled member was found', 'ask again later')];
  const values = people.flatMap((person) => valueOf(person, about) ?? []);
  const rate = values.length / people.length;
  const shared = values.length - new Set(values).size;
  const found = `${Math.round(rate * 100)} % of ${people.length} people have it`;
  const findings: Finding[] = [];
  if (rate < FEW) {
    const trouble = {
      name: rate === 0 ? 'match-attribute-unset' : 'match-attribute-rare',
      about,
      text: found,
      todo: 'fill it for everybody, or set MATCH_ATTRIBUTE to the one that holds the worker id',
    };
    findings.push(rate === 0 ? fault(trouble) : warning(trouble));
  }
  if (shared > 0) {
    const trouble = {
      name: 'match-attribute-shared',
      about,
      text: `${shared} of ${people.length} people have the value of somebody else`,
      todo: 'give each person a value of their own; until then their joiners end as needs-attention',
    };
    findings.push(shared / people.length > SHARED ? fault(trouble) : warning(trouble));
  }
  return orOk(findings, `${about}: ${found}, none of these twice`);
}

function valueOf(person: Person, attribute: string): string | undefined {
  const value = attribute
    .split('/')
    .reduce<unknown>((inner, name) => (isObject(inner) ? inner[name] : undefined), person);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
