import type { Part } from '../../model/part';
import { fault, orOk, type Finding } from '../finding';
import type { Patient } from '../patient';

const APPLY = 'mend the model, or run "joinery model apply"';

/** Whether each catalog of the model is there, published and as described. */
export async function checkCatalogs({ survey, config }: Patient): Promise<Finding[]> {
  const parts = (await survey()).flatMap(({ parts: [catalog] }) => catalog ?? []);
  const catalogs = [...new Map(parts.map((part) => [part.about, part])).values()];
  const findings = catalogs.flatMap((part) => findingOf(part, config.packages));
  const absent = catalogs.filter(({ state }) => state === 'absent').length;
  const still = absent > 0 ? `, ${absent} still to be made` : '';
  return orOk(findings, `${catalogs.length - absent} published and as described${still}`);
}

function findingOf(part: Part, mode: 'ensure' | 'verify-only'): Finding[] {
  const { about, state, members = [] } = part;
  if (state === 'absent' && mode === 'verify-only') {
    const text = 'there is none of its name, and PACKAGES=verify-only makes none';
    return [fault({ name: 'catalog-missing', about, text, todo: 'run "joinery model apply"' })];
  }
  if (state === 'gone') {
    const text = 'we knew it, and Entra does not have it any more';
    return [fault({ name: 'catalog-gone', about, text, todo: 'run "joinery model apply"' })];
  }
  if (state === 'ambiguous') {
    const text = 'several catalogs have its name';
    return [fault({ name: 'catalog-ambiguous', about, text, todo: 'rename all but one' })];
  }
  if (state !== 'differs') return [];
  if (members.includes('catalog.state')) {
    const text = 'it is not published, so nothing in it can be requested';
    const todo = 'publish it in Entra, or run "joinery model apply"';
    return [fault({ name: 'catalog-unpublished', about, text, todo })];
  }
  return [fault({ name: 'catalog-differs', about, text: members.join(', '), todo: APPLY })];
}
