import type { Difference, RepairAction } from '../../../shared/domain/reconcile/findings';
import {
  addCounts,
  countRepairs,
  holdBack,
  trippedBrakes,
  type BrakeLimits,
} from '../../../shared/domain/reconcile/reconcile-brakes';

const repair = (action: RepairAction, packageKey: string, more: object = {}): Difference => ({
  kind: action === 'revoke' ? 'extra-ours' : 'missing',
  packageKey,
  remedy: 'repair',
  next: '',
  action,
  ...more,
});
const many = (count: number, action: RepairAction, packageKey: string): Difference[] =>
  Array.from({ length: count }, () => repair(action, packageKey));
const DEFAULTS: BrakeLimits = {
  grant: { limit: 50, percent: 2 },
  removal: { limit: 0, percent: 2 },
  floor: 10,
};
const tripped = (
  differences: Difference[],
  holders: Record<string, number>,
  limits: Partial<BrakeLimits> = {},
) =>
  trippedBrakes(countRepairs(differences), {
    run: 'r1',
    holders: new Map(Object.entries(holders)),
    limits: { ...DEFAULTS, ...limits },
  });

it('50 grants of 5,000 pass, and the 51st trips the brake of the run', () => {
  const holders = { finance: 5000 };
  expect(tripped(many(50, 'grant', 'finance'), holders)).toEqual([]);
  expect(tripped(many(51, 'grant', 'finance'), holders)).toEqual([
    {
      id: 'reconcile-grant-r1',
      scope: 'run',
      action: 'grant',
      count: 51,
      limit: 50,
      state: 'held',
    },
  ]);
});

it('one removal trips the brake at the default limit, and no grant is held by it', () => {
  const plan = [repair('revoke', 'finance'), repair('grant', 'sales')];
  const brakes = tripped(plan, { finance: 100, sales: 100 });
  expect(brakes).toMatchObject([{ scope: 'run', action: 'removal', count: 1, limit: 0 }]);
  expect(holdBack(plan, brakes).map(({ remedy }) => remedy)).toEqual(['held', 'repair']);
});

it('a percentage of the people of one package holds that package alone', () => {
  const plan = [...many(12, 'grant', 'small'), ...many(12, 'grant', 'large')];
  const brakes = tripped(plan, { small: 100, large: 5000 });
  expect(brakes).toEqual([
    {
      id: 'reconcile-grant-r1-small',
      scope: 'package',
      packageKey: 'small',
      action: 'grant',
      count: 12,
      limit: 2,
      state: 'held',
    },
  ]);
  const held = holdBack(plan, brakes).filter(({ remedy }) => remedy === 'held');
  expect(held.map(({ packageKey }) => packageKey)).toEqual(Array(12).fill('small'));
});

it('a percentage counts from the floor on, so that one repair among ten people is no wave', () => {
  expect(tripped(many(9, 'grant', 'finance'), { finance: 10 })).toEqual([]);
  expect(tripped(many(10, 'grant', 'finance'), { finance: 10 })).toMatchObject([
    { scope: 'run', count: 10, limit: 0 },
  ]);
});

it('extensions and reprocessing count as grants', () => {
  const plan = [...many(30, 'extend', 'finance'), ...many(30, 'reprocess', 'finance')];
  expect(tripped(plan, { finance: 9000 })).toMatchObject([{ action: 'grant', count: 60 }]);
});

it('what is only reported does not count, and is not held', () => {
  const reports = many(60, 'grant', 'finance').map((one) => ({
    ...one,
    remedy: 'report' as const,
  }));
  expect(tripped(reports, { finance: 5000 })).toEqual([]);
  const brakes = tripped(many(60, 'grant', 'finance'), { finance: 5000 });
  expect(holdBack(reports, brakes)).toEqual(reports);
});

it('a grant behind a removal that is held is held with it', () => {
  const plan = [repair('revoke', 'finance'), repair('grant', 'sales', { after: ['finance'] })];
  const [, grant] = holdBack(plan, tripped(plan, { finance: 100, sales: 100 }));
  expect(grant?.remedy).toBe('held');
  expect(grant?.next).toContain('reconcile-removal-r1');
});

it('a brake that was released holds nothing', () => {
  const plan = many(60, 'grant', 'finance');
  const brakes = tripped(plan, { finance: 5000 }).map((one) => ({
    ...one,
    state: 'released' as const,
  }));
  expect(holdBack(plan, brakes)).toEqual(plan);
});

it('the counts of shards add up to those of the whole plan', () => {
  const plan = [...many(7, 'grant', 'finance'), ...many(3, 'revoke', 'sales')];
  const parts = [plan.slice(0, 4), plan.slice(4, 8), plan.slice(8)].map(countRepairs);
  expect(parts.reduce(addCounts, {})).toEqual(countRepairs(plan));
});

it('a grant behind a removal that was discarded is not asked for when the brake of the grants is released', () => {
  const plan = [repair('revoke', 'finance'), repair('grant', 'sales', { after: ['finance'] })];
  const brakes = (['grant', 'removal'] as const).map((action) => ({
    ...{ id: `reconcile-${action}-r1`, scope: 'run' as const, action, count: 1, limit: 0 },
    state: action === 'grant' ? ('released' as const) : ('discarded' as const),
  }));
  expect(holdBack(plan, brakes).map(({ remedy }) => remedy)).toEqual(['held', 'held']);
});

it('a package that is called as every object calls a member of its own counts like any other', () => {
  const plan = many(51, 'grant', 'constructor');
  expect(tripped(plan, { constructor: 5000 })).toMatchObject([{ action: 'grant', count: 51 }]);
  const parts = [plan.slice(0, 20), plan.slice(20)].map(countRepairs);
  expect(parts.reduce(addCounts, {})).toEqual({ constructor: { grant: 51, removal: 0 } });
});
