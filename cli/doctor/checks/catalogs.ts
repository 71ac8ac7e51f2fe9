import type { ModelItem } from '../../../shared/packages/items';
import { fault, orOk, type Finding } from '../finding';
import type { DoctorContext } from '../context';

const APPLY = 'run "joinery model apply"';
const CORRECT = `correct the model, or ${APPLY}`;

/** Whether each catalog of the model exists, is published and as described. */
export async function checkCatalogs({ packageReports, config }: DoctorContext): Promise<Finding[]> {
  const items = (await packageReports()).flatMap(({ items: [catalog] }) => catalog ?? []);
  const catalogs = [...new Map(items.map((item) => [item.about, item])).values()];
  const findings = catalogs.flatMap((item) => findingOf(item, config.packages) ?? []);
  const missing = catalogs.filter(({ difference }) => difference?.kind === 'missing').length;
  const still = missing > 0 ? `, ${missing} still to be created` : '';
  return orOk(findings, `${catalogs.length - missing} published and as described${still}`);
}

function findingOf(
  { about, difference }: ModelItem,
  mode: 'ensure' | 'verify-only',
): Finding | undefined {
  const finding = (name: string, text: string, todo: string) => fault({ name, about, text, todo });
  switch (difference?.kind) {
    case 'missing': {
      const text = 'none has its name, and PACKAGES=verify-only creates none';
      return mode === 'verify-only' ? finding('catalog-missing', text, APPLY) : undefined;
    }
    case 'gone':
      return finding('catalog-gone', 'it was deleted in Entra', APPLY);
    case 'ambiguous':
      return finding('catalog-ambiguous', 'several catalogs have its name', 'rename all but one');
    case 'differs': {
      const { members } = difference;
      if (!members.includes('catalog.state'))
        return finding('catalog-differs', members.join(', '), CORRECT);
      const text = 'it is not published, so nothing in it can be requested';
      return finding('catalog-unpublished', text, `publish it in Entra, or ${APPLY}`);
    }
    default:
      return undefined;
  }
}
