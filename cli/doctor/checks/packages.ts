import type { PackageSurvey, Part, PartState } from '../../model/part';
import { fault, orOk, type Finding } from '../finding';
import type { Patient } from '../patient';

const APPLY = 'mend the model, or run "joinery model apply"';

/** Whether each package of the model is there and equals it, or will be made. */
export async function checkPackages({ survey, config }: Patient): Promise<Finding[]> {
  const surveys = await survey();
  const findings = surveys.flatMap((one) => [
    ...itself(one, config.packages),
    ...granted(one),
    ...apart(one),
  ]);
  const absent = surveys.filter((one) => stateOf(one) === 'absent').length;
  const still = absent > 0 ? `, ${absent} still to be made` : '';
  return orOk(findings, `${surveys.length - absent} equal the model${still}`);
}

const packageIn = ({ parts }: PackageSurvey): Part | undefined =>
  parts.find(({ part }) => part === 'package');

const stateOf = (survey: PackageSurvey): PartState | undefined => packageIn(survey)?.state;

function itself(survey: PackageSurvey, mode: 'ensure' | 'verify-only'): Finding[] {
  const { state, members = [] } = packageIn(survey) ?? {};
  const about = survey.key;
  const told = (name: string, text: string, todo = APPLY) => [fault({ name, about, text, todo })];
  switch (state) {
    case 'absent':
      return mode === 'ensure'
        ? []
        : told('package-missing', 'there is none of its name, and PACKAGES=verify-only makes none');
    case 'missing':
      return told('package-missing', 'there is none with the id that the model names');
    case 'gone':
      return told('package-gone', 'it was deleted in Entra; its joiners end as needs-attention');
    case 'ambiguous':
      return told('package-ambiguous', 'several have its name', 'rename all but one in Entra');
    case 'differs':
      return told('package-differs', members.join(', '));
    default:
      return [];
  }
}

/** What it grants: more is access that nobody reviewed, less is a package that no run completes. */
function granted(survey: PackageSurvey): Finding[] {
  if (packageIn(survey)?.id === undefined) return [];
  const about = survey.key;
  const roles = (state: PartState) =>
    survey.parts
      .filter((one) => one.part === 'role' && one.state === state)
      .map((one) => one.about);
  const more = roles('extra');
  const less = survey.making ? [] : roles('absent');
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
function apart(survey: PackageSurvey): Finding[] {
  return survey.parts
    .filter(({ part, state }) => part === 'incompatible' && state === 'absent')
    .filter(() => !survey.making)
    .map(({ about }) =>
      fault({
        name: 'incompatibility-missing',
        about: survey.key,
        text: `it and ${about} do not exclude each other in both directions`,
        todo: APPLY,
      }),
    );
}
