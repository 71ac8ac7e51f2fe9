import { Remedies, type AccessModel } from '../../../shared/domain/access-model/access-model';
import type { Fact } from '../../../shared/domain/lifecycle/facts';
import { timelineOf } from '../../../shared/domain/lifecycle/timeline';
import {
  comparePerson,
  type Actual,
  type Person,
  type RecordedHolding,
} from '../../../shared/domain/reconcile/compare';
import { findingOf, FindingKind, permitOf } from '../../../shared/domain/reconcile/findings';
import { aPackage, aRule, parsedModel } from '../access-model/make-model';

const AT = Date.parse('2026-06-10T12:00:00Z');
const HOUR = 3_600_000;
const iso = (ms: number) => new Date(ms).toISOString();

const REPAIR_ALL = Object.fromEntries(
  ['conflict', 'broken', 'taken', 'wrong-end', 'missing', 'extra-ours'].map((kind) => [
    kind,
    'repair',
  ]),
);
const policy = (more: object) => ({
  policy: {
    displayName: 'Birthright',
    description: 'Assigned on joining.',
    expiration: { type: 'noExpiration' },
    approval: { required: false },
    ...more,
  },
});
const approvers = [{ managerLevel: 1 }, { groupId: '10000000-0000-4000-8000-000000000009' }];
const stages = [{ durationBeforeAutomaticDenial: 'P14D', primaryApprovers: approvers }];
/** In Finance people get finance and nothing that goes with audit; in Sales they get sales; everybody gets everyone. */
const modelOf = (members: object = {}): AccessModel =>
  parsedModel({
    leadDays: 0,
    accessPackages: [
      aPackage('everyone'),
      aPackage('finance', { incompatibleWith: ['audit'] }),
      aPackage('audit'),
      aPackage('sales', { incompatibleWith: ['finance'] }),
      aPackage('vault', policy({ approval: { required: true, stages } })),
      aPackage('badge', policy({ expiration: { type: 'afterDuration', duration: 'P2D' } })),
    ],
    birthrights: [
      aRule('all', { attribute: 'department', in: ['Finance', 'Sales'] }, ['everyone']),
      aRule('finance', { attribute: 'department', equals: 'Finance' }, ['finance']),
      aRule('sales', { attribute: 'department', equals: 'Sales' }, ['sales']),
      aRule('vault', { attribute: 'vault', equals: 'yes' }, ['vault']),
      aRule('badge', { attribute: 'badge', equals: 'yes' }, ['badge']),
    ],
    reconcile: REPAIR_ALL,
    ...members,
  });
const MODEL = modelOf();

const fact = (index: number, states: Fact['states']): Fact => ({
  source: 'urn:hr',
  id: `e${index}`,
  hash: `hash-${index}`,
  time: iso(AT - (200 - index) * HOUR),
  workerId: 'W-1',
  employmentId: 'primary',
  states,
});
const joined = (department: string, more: object = {}, endDate?: string): Fact =>
  fact(0, {
    kind: 'joined',
    startDate: '2026-06-01',
    endDate,
    attributes: { department, ...more },
  });
const left = fact(1, { kind: 'left', lastDay: '2026-06-05' });

const held = (packageKey: string, more: Partial<Actual> = {}): Actual => ({
  ...{ packageKey, whose: 'ours', state: 'held', assignmentId: `a-${packageKey}` },
  ...more,
});
const recorded = (packageKey: string, more: Partial<RecordedHolding> = {}): RecordedHolding => ({
  ...{ packageKey, state: 'held', action: 'grant', whose: 'ours', wasGivenBack: false },
  ...{ assignmentId: `a-${packageKey}`, updatedAt: iso(AT - 48 * HOUR) },
  ...more,
});

type Options = Partial<Omit<Person, 'timeline'>> & { facts?: Fact[] };
function compared({ facts = [joined('Finance')], ...options }: Options) {
  const model = options.model ?? MODEL;
  return comparePerson({
    workerId: 'W-1',
    objectId: 'o-1',
    model,
    mode: 'enforce',
    timeline: timelineOf(facts, model),
    held: [],
    records: [],
    at: AT,
    scopes: new Map(model.accessPackages.map(({ key }) => [key, 'complete'])),
    deadlines: { delivery: 3 * 24 * 3600, approval: 15 * 24 * 3600 },
    ...options,
  });
}
const shown = (options: Options) =>
  compared(options).differences.map(({ kind, packageKey, remedy, action }) =>
    [kind, packageKey, remedy, ...(action ? [action] : [])].join(' '),
  );
const COMPLETE = [held('everyone'), held('finance')];
const DAY_AGO = iso(AT - 24 * HOUR);

it.each<[string, Options, string[]]>([
  ['who has what the model gives has no finding', { held: COMPLETE }, []],
  [
    'what is wanted and not held is missing',
    { held: [held('everyone')] },
    ['missing finance repair grant'],
  ],
  [
    'what is ours and no longer wanted is extra',
    { held: COMPLETE, facts: [joined('Finance'), left] },
    ['extra-ours everyone repair revoke', 'extra-ours finance repair revoke'],
  ],
  [
    'what somebody else gave and the model does not is theirs, and never repaired',
    { held: [...COMPLETE, held('vault', { whose: 'theirs' })] },
    ['theirs vault report'],
  ],
  [
    'what an automatic policy gives and the model does not is theirs too',
    { held: [...COMPLETE, held('vault', { whose: 'by-rule' })] },
    ['theirs vault report'],
  ],
  [
    'what an automatic policy and the model give is by-rule, and never repaired',
    { held: [held('everyone', { whose: 'by-rule' }), held('finance')] },
    ['by-rule everyone report'],
  ],
  [
    'what somebody else gave and the model gives too is no finding',
    { held: [held('everyone', { whose: 'theirs' }), held('finance')] },
    [],
  ],
  [
    'what we saw delivered, did not end and do not find is taken',
    { held: [held('everyone')], records: [recorded('finance')] },
    ['taken finance repair grant'],
  ],
  [
    'what was taken again after it was given back is only reported',
    { held: [held('everyone')], records: [recorded('finance', { wasGivenBack: true })] },
    ['taken finance report grant'],
  ],
  [
    'what somebody else ended and is not wanted is no finding',
    { facts: [joined('Finance'), left], records: [recorded('finance')] },
    [],
  ],
  [
    'what we revoked, what somebody else gave, and what we never saw delivered is missing, not taken',
    {
      held: [],
      facts: [joined('Finance', { vault: 'yes' })],
      records: [
        recorded('everyone', { action: 'revoke', state: 'gone' }),
        recorded('finance', { whose: 'theirs' }),
        recorded('vault', { state: 'requested', assignmentId: undefined }),
      ],
    },
    ['missing everyone repair grant', 'missing finance repair grant', 'missing vault repair grant'],
  ],
  [
    'what was delivered in part is broken, and processed again within a week of its request',
    {
      held: [
        held('everyone', { state: 'broken', requestId: 'q-1', requestedAt: DAY_AGO }),
        held('finance', {
          ...{ state: 'broken', requestId: 'q-2', requestedAt: iso(AT - 8 * 24 * HOUR) },
        }),
      ],
    },
    ['broken everyone repair reprocess', 'broken finance repair grant'],
  ],
  [
    'what somebody else gave and is broken is reported',
    { held: [held('everyone'), held('finance', { whose: 'theirs', state: 'broken' })] },
    ['broken finance report'],
  ],
  [
    'what is broken and not wanted is extra, so that the remedy of broken takes nothing away',
    { held: [...COMPLETE, held('vault', { state: 'broken' })] },
    ['extra-ours vault repair revoke'],
  ],
  [
    'a request that is open within its deadline is no finding',
    { held: [held('everyone'), held('finance', { state: 'adding', requestedAt: DAY_AGO })] },
    [],
  ],
  [
    'a request that is open past its deadline is stuck, and only reported',
    {
      held: [
        held('everyone', { state: 'removing', requestedAt: iso(AT - 73 * HOUR) }),
        held('finance', { state: 'adding', requestedAt: iso(AT - 72 * HOUR) }),
      ],
    },
    ['stuck everyone report', 'stuck finance report'],
  ],
  [
    'what somebody else has asked for and the model does not give is no access yet',
    {
      held: [
        ...COMPLETE,
        held('audit', { whose: 'theirs', state: 'adding', assignmentId: undefined }),
      ],
    },
    [],
  ],
  [
    'a request that waits for an approval has the deadline of approvals',
    {
      facts: [joined('Finance', { vault: 'yes' })],
      held: [...COMPLETE, held('vault', { state: 'adding', requestedAt: iso(AT - 73 * HOUR) })],
    },
    [],
  ],
  [
    'an assignment of ours that ends too early has a wrong end',
    { held: [held('everyone'), held('finance', { until: AT + 24 * HOUR })] },
    ['wrong-end finance repair extend'],
  ],
  [
    'one that ends later than the facts say has not: the wake-up revokes it',
    {
      facts: [joined('Finance', {}, '2026-06-30')],
      held: [held('everyone'), held('finance', { until: Date.parse('2026-08-01T00:00:00Z') })],
    },
    [],
  ],
  [
    'what its own policy has ended while a rule gives it has a wrong end that is only reported',
    {
      facts: [joined('Finance', { badge: 'yes' })],
      held: [...COMPLETE, held('badge', { until: AT - HOUR })],
    },
    ['wrong-end badge report'],
  ],
  [
    'of an incompatible pair the package that the model does not give is the conflict',
    { held: [...COMPLETE, held('audit', { whose: 'theirs' })] },
    ['conflict audit report'],
  ],
  [
    'a conflict is repaired where the package that has to go is ours',
    { held: [...COMPLETE, held('audit')] },
    ['conflict audit repair revoke'],
  ],
  [
    'a package that cannot be given beside what somebody else gave is missing, and only reported',
    { held: [held('everyone'), held('audit', { whose: 'theirs' })] },
    ['missing finance report', 'theirs audit report'],
  ],
  [
    'a mover loses one package and gets the other',
    { facts: [joined('Sales')], held: COMPLETE },
    ['missing sales repair grant', 'extra-ours finance repair revoke'],
  ],
  [
    'somebody of whom nothing was stated is unknown, whatever they hold',
    { facts: [], held: [held('everyone'), held('audit', { whose: 'theirs' })] },
    ['unknown-person everyone report', 'unknown-person audit report'],
  ],
  [
    'another account of a person who is to have access is nobody that we know',
    { isOtherAccount: true, held: [held('everyone')] },
    ['unknown-person everyone report'],
  ],
  [
    'another account of a person who is to have nothing is compared as theirs',
    { isOtherAccount: true, held: [held('everyone')], facts: [joined('Finance'), left] },
    ['extra-ours everyone repair revoke'],
  ],
])('%s', (_, options, expected) => {
  expect(shown(options)).toEqual(expected);
});

it('a grant behind a removal is not repaired where the removal is not', () => {
  const model = modelOf({ reconcile: { missing: 'repair' } });
  const { differences } = compared({ model, facts: [joined('Sales')], held: COMPLETE });
  expect(differences).toMatchObject([
    { kind: 'missing', packageKey: 'sales', remedy: 'report', after: ['finance'] },
    { kind: 'extra-ours', packageKey: 'finance', remedy: 'report' },
  ]);
});

it('the permit has exactly the pairs that are repaired', () => {
  const { differences } = compared({
    held: [held('everyone', { whose: 'by-rule' }), held('vault')],
  });
  expect(permitOf(differences)).toEqual([
    { packageKey: 'finance', action: 'grant' },
    { packageKey: 'vault', action: 'revoke' },
  ]);
});

it('nothing is said to be absent from a package that was not read whole', () => {
  const scopes = new Map(MODEL.accessPackages.map(({ key }) => [key, 'incomplete'] as const));
  expect(shown({ scopes, records: [recorded('finance')] })).toEqual([]);
  expect(shown({ scopes, held: [held('vault')] })).toEqual(['extra-ours vault none revoke']);
});

it('a suspect package has findings, and no remedy', () => {
  const scopes = new Map(MODEL.accessPackages.map(({ key }) => [key, 'suspect'] as const));
  expect(shown({ scopes })).toEqual(['missing everyone none grant', 'missing finance none grant']);
});

it.each<[string, Options, string]>([
  ['whoever is excluded', { reportOnly: 'excluded' }, 'report'],
  ['whose attributes were not stored', { reportOnly: 'attribute-not-stored' }, 'report'],
  ['whose package is only observed', { mode: 'observe' }, 'report'],
  ['where everything is paused', { mode: 'paused' }, 'report'],
  ['where the model says nothing', { model: modelOf({ reconcile: {} }) }, 'report'],
  ['where a limit of Entra is used up', { isUsedUp: true }, 'none'],
])('nothing is repaired for %s', (_, options, remedy) => {
  const { differences } = compared(options);
  expect(differences.map((one) => one.remedy)).toEqual([remedy, remedy]);
  expect(permitOf(differences)).toEqual([]);
});

it('a package says for itself what is repaired, before the model does for all', () => {
  const packages = [
    aPackage('everyone', { reconcile: { missing: 'report' } }),
    aPackage('finance', { reconcile: { taken: 'report' } }),
  ];
  const birthrights = [
    aRule('all', { attribute: 'department', equals: 'Finance' }, ['everyone', 'finance']),
  ];
  const model = modelOf({ accessPackages: packages, birthrights });
  expect(shown({ model })).toEqual([
    'missing everyone report grant',
    'missing finance repair grant',
  ]);
});

it('a finding says since when, and what to do next', () => {
  const { differences } = compared({
    facts: [joined('Sales', { vault: 'yes' })],
    held: [
      held('everyone', { state: 'broken', requestId: 'q-1', requestedAt: DAY_AGO }),
      held('audit', { whose: 'theirs' }),
    ],
  });
  expect(differences.map(({ packageKey, since }) => [packageKey, since])).toEqual([
    ['everyone', DAY_AGO],
    ['sales', '2026-06-01T00:00:00.000Z'],
    ['vault', '2026-06-01T00:00:00.000Z'],
    ['audit', undefined],
  ]);
  expect(differences[0]?.next).toContain('deliver it again');
  expect(differences[3]?.next).toContain('Ask its owner');
  const [extra] = compared({ facts: [joined('Finance'), left], held: COMPLETE }).differences;
  expect(extra).toMatchObject({
    workerId: 'W-1',
    objectId: 'o-1',
    since: '2026-06-06T00:00:00.000Z',
  });
});

it('what is held too long is so since the last end, and not since an earlier one', () => {
  const earlier = fact(2, {
    ...{ kind: 'joined', startDate: '2026-03-01', endDate: '2026-03-31' },
    attributes: { department: 'Finance' },
  });
  const facts = [{ ...earlier, employmentId: 'before' }, joined('Finance'), left];
  const [extra] = compared({ facts, held: COMPLETE }).differences;
  expect([extra?.kind, extra?.since]).toEqual(['extra-ours', '2026-06-06T00:00:00.000Z']);
});

it('since when is an instant in UTC, however a gateway has written it, and absent where it is none', () => {
  const since = (requestedAt: string) =>
    compared({ held: [held('everyone', { state: 'broken', requestId: 'q-1', requestedAt })] })
      .differences.map(findingOf)
      .find(({ kind }) => kind === 'broken')?.since;
  expect(since('2026-06-09T14:00:00+02:00')).toBe('2026-06-09T12:00:00.000Z');
  expect(since('yesterday')).toBeUndefined();
});

it('the access model has a remedy for every kind of finding', () => {
  expect(Object.keys(Remedies.shape).sort()).toEqual([...FindingKind.options].sort());
});
