import * as fc from 'fast-check';
import { AccessModel } from '../../../shared/domain/access-model/access-model';
import type { Content, Fact, Revision } from '../../../shared/domain/lifecycle/facts';
import type { Held } from '../../../shared/domain/lifecycle/held';
import type { Step } from '../../../shared/domain/lifecycle/planner';

export const DAY = 86_400_000;
const START = Date.parse('2026-03-01T00:00:00Z');
export const RUNS = { numRuns: 10_000 };
export const PAIRS = [
  ['alpha', 'beta'],
  ['gamma', 'delta'],
] as const;

const accessPackage = (key: string, more: object) => ({
  key,
  catalog: 'all',
  displayName: key,
  description: key,
  resources: [
    { originSystem: 'AadGroup', originId: '10000000-0000-4000-8000-000000000001', role: 'Member' },
  ],
  ...more,
});
const policy = (expiration: object) => ({
  displayName: 'Birthright',
  description: 'While the worker stays.',
  expiration,
  approval: { required: false },
});
const forever = { policy: policy({ type: 'noExpiration' }) };
const rule = (attribute: string, equals: string, packages: string[]) => ({
  id: `${attribute}-${equals}`,
  description: equals,
  when: { attribute, equals },
  packages,
});

type ModelSettings = {
  leadDays: number;
  bridgeDays: number;
  overlapDays: number;
  renew: boolean;
  duration: boolean;
};
/** There are few of them, and to parse one takes longer than to plan with it. */
const parsed = new Map<string, AccessModel>();
const modelOf = ({ leadDays, bridgeDays, overlapDays, renew, duration }: ModelSettings) =>
  AccessModel.parse({
    version: 1,
    leadDays,
    bridgeDays,
    timeZones: { default: 'Etc/UTC', byLocation: { Apia: 'Pacific/Apia' } },
    catalogs: [{ key: 'all', displayName: 'All', description: 'All.' }],
    accessPackages: [
      accessPackage('alpha', { ...forever, overlapDays, incompatibleWith: ['beta'] }),
      accessPackage('beta', { ...forever, overlapDays }),
      accessPackage('gamma', { ...forever, incompatibleWith: ['delta'] }),
      accessPackage('delta', { ...forever, overlapDays }),
      accessPackage('omega', {
        policy: policy(
          duration
            ? { type: 'afterDuration', duration: 'P20D' }
            : { type: 'afterDateTime', endDateTime: '2026-04-05T00:00:00Z' },
        ),
        renew,
      }),
    ],
    birthrights: [
      rule('a', '1', ['alpha', 'omega']),
      rule('a', '2', ['beta']),
      rule('b', '1', ['gamma']),
      rule('b', '2', ['delta', 'omega']),
    ],
  });

/** Four packages in two incompatible pairs and one that goes with neither, with overlaps and policies of each kind. */
export const models = fc
  .record({
    leadDays: fc.constantFrom(0, 7),
    bridgeDays: fc.constantFrom(0, 3),
    overlapDays: fc.constantFrom(0, 5),
    renew: fc.boolean(),
    duration: fc.boolean(),
  })
  .map((settings) => {
    const key = JSON.stringify(settings);
    const model = parsed.get(key) ?? modelOf(settings);
    parsed.set(key, model);
    return model;
  });

const days = fc.integer({ min: 0, max: 60 });
const dayText = (day: number) => new Date(START + day * DAY).toISOString().slice(0, 10);
const attributes = fc.record(
  {
    a: fc.constantFrom('1', '2', '3'),
    b: fc.constantFrom('1', '2', '3'),
    location: fc.constantFrom('Apia', 'Oslo'),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Record<string, string>>;
const span = fc.tuple(
  days,
  fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }),
  attributes,
);
const dates = ([day, length]: [number, number | undefined, unknown]) => ({
  day: dayText(day),
  ...(length !== undefined && { end: dayText(day + length) }),
});

const contents: fc.Arbitrary<Content> = fc.oneof(
  span.map((one) => {
    const { day, end } = dates(one);
    return { kind: 'joined', startDate: day, endDate: end, attributes: one[2] } as const;
  }),
  span.map((one) => {
    const { day, end } = dates(one);
    return { kind: 'moved', effectiveDate: day, endDate: end, attributes: one[2] } as const;
  }),
  days.map((day) => ({ kind: 'left', lastDay: dayText(day) }) as const),
  days.map(
    (day) => ({ kind: 'left', endsAt: new Date(START + day * DAY + 1000).toISOString() }) as const,
  ),
  fc.array(fc.tuple(fc.constantFrom('E1', 'E2'), span), { maxLength: 3 }).map((spans) => ({
    kind: 'snapshot' as const,
    spans: spans.map(([employmentId, one]) => {
      const { day, end } = dates(one);
      return { employmentId, from: day, until: end, attributes: one[2] };
    }),
  })),
);
const refs = fc.integer({ min: 0, max: 5 }).map((i) => ({ source: 'urn:hr', id: `e${i}` }));
const revisions: fc.Arbitrary<Revision> = fc.oneof(
  fc.record({ kind: fc.constant('corrected' as const), revises: refs, content: contents }),
  fc.record({ kind: fc.constant('rescinded' as const), revises: refs }),
  days.map((day) => ({ kind: 'rescinded' as const, startDate: dayText(day) })),
);
export const factSets: fc.Arbitrary<Fact[]> = fc
  .array(
    fc.record({
      states: fc.oneof({ weight: 3, arbitrary: contents }, { weight: 1, arbitrary: revisions }),
      time: fc.integer({ min: 0, max: 8 }),
      sequence: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
      employmentId: fc.constantFrom('E1', 'E2'),
      workerId: fc.constantFrom('W1', 'W1', 'W2'),
      source: fc.constantFrom('urn:hr', 'urn:hr', 'urn:other'),
    }),
    { maxLength: 6 },
  )
  .map((all) =>
    all.map((one, i) => ({
      ...one,
      id: `e${i}`,
      hash: `hash-${(i * 7) % 10}`,
      time: new Date(START - 30 * DAY + one.time * 1000).toISOString(),
    })),
  );
export const heldSets: fc.Arbitrary<Held[]> = fc.uniqueArray(
  fc.record({
    packageKey: fc.constantFrom('alpha', 'beta', 'gamma', 'delta', 'omega', 'gone'),
    whose: fc.constantFrom('ours', 'ours', 'theirs', 'by-rule'),
    state: fc.constantFrom('held', 'held', 'adding', 'removing', 'broken'),
    until: fc.option(
      days.map((day) => START + day * DAY),
      { nil: undefined },
    ),
  }),
  { selector: ({ packageKey }) => packageKey, maxLength: 4 },
);
export const instants = fc.integer({ min: -20, max: 90 }).map((day) => START + day * DAY);

/** What is held when the steps are done, as Entra would show it: a policy ends what it gives. */
export function carriedOut(held: Held[], steps: Step[], model: AccessModel, at: number): Held[] {
  const after = new Map(held.map((one) => [one.packageKey, one]));
  for (const { action, packageKey, until } of steps) {
    if (action === 'revoke') after.delete(packageKey);
    if (action === 'wait' || action === 'revoke') continue;
    const expiration = model.accessPackages.find(({ key }) => key === packageKey)?.policy
      ?.expiration;
    const own =
      expiration?.type === 'afterDuration'
        ? at + 20 * DAY
        : expiration?.type === 'afterDateTime'
          ? Date.parse(expiration.endDateTime)
          : undefined;
    const ends = [until, own].filter((end) => end !== undefined);
    const end = ends.length === 0 ? undefined : Math.min(...ends);
    after.set(packageKey, { packageKey, whose: 'ours', state: 'held', until: end });
  }
  return [...after.values()];
}
