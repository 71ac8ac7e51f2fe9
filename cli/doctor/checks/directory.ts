import { sampleFault } from '../../../shared/domain/access-model/read-access-model';
import { Id } from '../../../shared/domain/events/event';
import { isWorkerId } from '../../../shared/domain/events/match-attribute';
import { GraphError } from '../../../shared/graph/errors';
import { isLoopback } from '../../../shared/loopback';
import { textAt } from '../../../shared/graph/odata';
import { CliError } from '../../print';
import type { DoctorContext } from '../context';
import { fault, notChecked, ok, orOk, warning, type Finding } from '../finding';

/** Whether the app can load its access model. */
export async function checkModel({ model, config, root }: DoctorContext): Promise<Finding[]> {
  try {
    const { model: rules, hash } = await model();
    const sample = isLoopback(root) ? undefined : sampleFault(rules);
    if (sample !== undefined) {
      const todo = 'set ACCESS_MODEL to a model with the object ids of your tenant';
      return [fault({ name: 'model-sample', about: config.accessModel, text: sample, todo })];
    }
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

/** A worker id that nobody has. */
const NOBODY = 'joinery-doctor';

/**
 * Whether the match attribute identifies people, in a sample of the enabled members, and whether the query of a run finds
 * one of them by it. Values are not printed.
 */
export async function checkMatch({
  tenant,
  entitlements,
  config,
}: DoctorContext): Promise<Finding[]> {
  const about = config.matchAttribute;
  const people = await tenant.people(about, SAMPLE);
  if (people.length === 0) return [notChecked('no enabled member was found', 'ask again later')];
  const present = people.flatMap((person) => textAt(person, about) ?? []);
  // What is no id of the contract can be in no event.
  const values = present.filter((value) => Id.safeParse(value).success);
  const unusable = present.length - values.length;
  const rate = values.length / people.length;
  const shared = values.length - new Set(values).size;
  const found = `${Math.round(rate * 100)} % of ${people.length} people have it`;
  const findings = await queryFindings(entitlements, about, values[0]);
  if (rate < FEW) {
    const problem = {
      name: rate === 0 ? 'match-attribute-unset' : 'match-attribute-rare',
      about,
      text: unusable > 0 ? `${found} as an id that an event can name` : found,
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
  return orOk(findings, `${about}: ${found}, no value twice, and the query of a run works`);
}

/** Runs the query of a run, for somebody of the sample if anybody has a value. */
async function queryFindings(
  entitlements: DoctorContext['entitlements'],
  about: string,
  value: string | undefined,
): Promise<Finding[]> {
  try {
    const found = await entitlements.findUsers(about, value ?? NOBODY);
    if (value === undefined || found.some((person) => isWorkerId(person.value, value))) return [];
    const text = 'the query of a run does not find a person who has it';
    const todo =
      'ask again in a few minutes; if it stays, set MATCH_ATTRIBUTE to another attribute';
    return [fault({ name: 'match-attribute-not-found', about, text, todo })];
  } catch (error) {
    if (!(error instanceof GraphError) || error.fault.status !== 400) throw error;
    const text = `Microsoft Graph refuses the query of a run: ${error.message}`;
    const todo = 'set MATCH_ATTRIBUTE to another attribute: docs/settings.md lists them';
    return [fault({ name: 'match-attribute-refused', about, text, todo })];
  }
}
