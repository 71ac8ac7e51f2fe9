import type { Difference, ModelItem } from '../../../shared/packages/items';
import type { PackageReport } from '../../../shared/packages/plan';
import { fault, orOk, type Finding } from '../finding';
import type { DoctorContext } from '../context';

const APPLY = 'correct the model, or run "joinery model apply"';

/** Whether each package of the model exists and equals it, or will be created. */
export async function checkPackages({ packageReports, config }: DoctorContext): Promise<Finding[]> {
  const reports = await packageReports();
  const findings = reports.flatMap((report) => [
    ...packageFinding(report, config.packages),
    ...roleFindings(report),
    ...pairFindings(report),
  ]);
  const missing = reports.filter((one) => packageIn(one)?.difference?.kind === 'missing').length;
  const still = missing > 0 ? `, ${missing} still to be created` : '';
  return orOk(findings, `${reports.length - missing} equal the model${still}`);
}

const packageIn = ({ items }: PackageReport): ModelItem | undefined =>
  items.find(({ part }) => part === 'package');

function packageFinding(report: PackageReport, mode: 'ensure' | 'verify-only'): Finding[] {
  const difference = packageIn(report)?.difference;
  const about = report.key;
  const finding = (name: string, text: string, todo = APPLY) => [
    fault({ name, about, text, todo }),
  ];
  switch (difference?.kind) {
    case 'missing': {
      const text = 'none has its name, and PACKAGES=verify-only creates none';
      return mode === 'ensure' ? [] : finding('package-missing', text);
    }
    case 'unknown-id':
      return finding('package-missing', 'none has the id that the model names');
    case 'gone':
      return finding('package-gone', 'it was deleted in Entra; its joiners end as needs-attention');
    case 'ambiguous':
      return finding('package-ambiguous', 'several have its name', 'rename all but one in Entra');
    case 'differs':
      return finding('package-differs', difference.members.join(', '));
    default:
      return [];
  }
}

const absent: Difference['kind'][] = ['missing', 'gone'];

const itemsOf = ({ items }: PackageReport, part: ModelItem['part'], kinds: Difference['kind'][]) =>
  items
    .filter((item) => item.part === part && item.difference && kinds.includes(item.difference.kind))
    .map(({ about }) => about);

/** What it grants: more is access that nobody reviewed, less is a package that no run completes. */
function roleFindings(report: PackageReport): Finding[] {
  if (packageIn(report)?.id === undefined) return [];
  const about = report.key;
  const more = itemsOf(report, 'role', ['extra']);
  const less = report.isProvisioning ? [] : itemsOf(report, 'role', absent);
  return [
    ...more.map((role) =>
      fault({
        name: 'package-grants-more',
        about,
        text: `Entra grants ${role}, the model does not`,
        todo: 'name it in the model, or remove it in Entra',
      }),
    ),
    ...less.map((role) =>
      fault({ name: 'package-grants-less', about, text: `without ${role}`, todo: APPLY }),
    ),
  ];
}

/** A pair that does not exclude each other lets somebody hold both. */
function pairFindings(report: PackageReport): Finding[] {
  if (report.isProvisioning) return [];
  return [...new Set(itemsOf(report, 'incompatible', absent))].map((other) =>
    fault({
      name: 'incompatibility-missing',
      about: report.key,
      text: `it and ${other} do not exclude each other in both directions`,
      todo: APPLY,
    }),
  );
}
