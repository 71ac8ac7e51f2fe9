import { hashOf, hrEvent } from './scenarios';

/**
 * One step of the lives that the demo tells: what HR says at a time, or what comes of it later, by the clock alone.
 * All people are in London, whose days are those of UTC in winter.
 */
export type LifeStep = {
  /** The time to which the clock of the stack is moved (ISO 8601 in UTC). */
  at: string;
  worker: string;
  description: string;
  /** The message that is sent then; without one, nothing but time has passed. */
  message?: object;
  /** The event that this step is about. */
  eventHash: string;
  /** How the event ends, or what it waits for. */
  expected: string;
  /** The packages that the person then has in Graph, with the end where there is one. */
  holds: string[];
  /** Of an event that has ended: when to act, `leadDays` before a start, and by when access should be there (UTC). */
  actAt?: string;
  readyBy?: string;
};

type Life = { worker: string; department: string; workerType?: string };

/** What HR says of one person, and what is expected of it. */
const life = ({ worker, department, workerType = 'employee' }: Life) => {
  const attributes = { department, workerType, location: 'London' };
  const common = { workerId: worker, timeZone: 'Europe/London' };
  type Event = ReturnType<typeof hrEvent>;
  type Then = Omit<LifeStep, 'worker' | 'eventHash' | 'message'>;
  const event = (name: string, type: string, at: string, data: object): Event =>
    hrEvent(`demo-${worker}-${name}`, type, new Date(at), { ...common, ...data });
  return {
    attributes,
    event,
    /** HR sends the event. */
    says: (message: Event, then: Omit<Then, 'at'>): LifeStep => ({
      ...{ at: message.time, worker, eventHash: hashOf(message), message },
      ...then,
    }),
    /** Nobody says anything: the event goes on because its time has come. */
    comes: (said: Event, then: Then): LifeStep => ({ worker, eventHash: hashOf(said), ...then }),
    /** The event that the app makes for a change that no open event waits for. */
    byClock: (then: Then): LifeStep => {
      const id = `${worker}@${new Date(then.at).toISOString()}`;
      return { worker, eventHash: hashOf({ source: 'urn:joinery:clock', id }), ...then };
    },
  };
};

const [morning, later] = ['2027-01-04T08:00:00.000Z', '2027-01-04T10:00:00.000Z'];

function joinerAhead(): LifeStep[] {
  const { attributes, event, says, comes } = life({ worker: 'W-1101', department: 'Finance' });
  const joined = event('joined', 'joined', morning, { startDate: '2027-02-01', attributes });
  return [
    says(joined, {
      description: 'HR: joins Finance on 1 February',
      expected: 'parked until 2027-01-18 00:00',
      holds: [],
    }),
    comes(joined, {
      at: '2027-01-18T00:00:00.000Z',
      description: '14 days (leadDays) before the first day',
      expected: 'delivered',
      holds: ['Finance'],
      ...{ actAt: '2027-01-18 00:00', readyBy: '2027-02-01 09:00' },
    }),
  ];
}

function mover(): LifeStep[] {
  const { attributes, event, says, comes, byClock } = life({
    worker: 'W-1102',
    department: 'Engineering',
  });
  const joined = event('joined', 'joined', morning, { startDate: '2027-01-04', attributes });
  const moved = event('moved', 'moved', later, {
    effectiveDate: '2027-01-18',
    attributes: { ...attributes, department: 'Sales' },
  });
  return [
    says(joined, {
      description: 'HR: joins Engineering today',
      expected: 'delivered',
      holds: ['Engineering'],
      ...{ actAt: '2026-12-21 00:00', readyBy: '2027-01-04 09:00' },
    }),
    says(moved, {
      description: 'HR: moves to Sales on 18 January',
      expected: 'parked until 2027-01-18 00:00',
      holds: ['Engineering'],
    }),
    comes(moved, {
      at: '2027-01-18T00:00:00.000Z',
      description: 'the move; both for 7 days (overlapDays)',
      expected: 'delivered',
      holds: ['Engineering', 'Sales'],
      ...{ actAt: '2027-01-18 00:00', readyBy: '2027-01-18 09:00' },
    }),
    byClock({
      at: '2027-01-25T00:00:00.000Z',
      description: 'the overlap ends',
      expected: 'revoked',
      holds: ['Sales'],
      actAt: '2027-01-25 00:00',
    }),
  ];
}

function contractor(): LifeStep[] {
  const { attributes, event, says, byClock } = life({
    ...{ worker: 'W-1103', department: 'Operations', workerType: 'contractor' },
  });
  const joined = event('joined', 'joined', morning, {
    ...{ startDate: '2027-01-04', endDate: '2027-01-31', attributes },
  });
  return [
    says(joined, {
      description: 'HR: contractor until 31 January',
      expected: 'delivered',
      holds: ['Contractors until 2027-02-01 00:00'],
      ...{ actAt: '2026-12-21 00:00', readyBy: '2027-01-04 09:00' },
    }),
    byClock({
      at: '2027-02-01T00:00:00.000Z',
      description: 'the contract has ended',
      expected: 'revoked',
      holds: [],
      actAt: '2027-02-01 00:00',
    }),
  ];
}

function leaverWhoComesBack(): LifeStep[] {
  const { attributes, event, says, comes } = life({ worker: 'W-1104', department: 'Operations' });
  const joined = event('joined', 'joined', morning, { startDate: '2027-01-04', attributes });
  const left = event('left', 'left', later, { lastDay: '2027-01-22' });
  const rehired = event('rehired', 'joined', '2027-01-26T09:00:00.000Z', {
    startDate: '2027-02-08',
    attributes: { ...attributes, department: 'Finance' },
  });
  return [
    says(joined, {
      description: 'HR: joins Operations today',
      expected: 'delivered',
      holds: ['Operations'],
      ...{ actAt: '2026-12-21 00:00', readyBy: '2027-01-04 09:00' },
    }),
    says(left, {
      description: 'HR: leaves, last day 22 January',
      expected: 'parked until 2027-01-23 00:00',
      holds: ['Operations'],
    }),
    comes(left, {
      at: '2027-01-23T00:00:00.000Z',
      description: 'the last day is over',
      expected: 'revoked',
      holds: [],
      actAt: '2027-01-23 00:00',
    }),
    says(rehired, {
      description: 'HR: comes back on 8 February, to Finance',
      expected: 'delivered',
      holds: ['Finance'],
      ...{ actAt: '2027-01-25 00:00', readyBy: '2027-02-08 09:00' },
    }),
  ];
}

function rescindedHire(): LifeStep[] {
  const { attributes, event, says, comes } = life({
    worker: 'W-1105',
    department: 'Human Resources',
  });
  const joined = event('joined', 'joined', morning, { startDate: '2027-02-01', attributes });
  const rescinded = event('rescinded', 'rescinded', '2027-01-20T09:00:00.000Z', {
    revises: { source: joined.source, id: joined.id },
  });
  return [
    says(joined, {
      description: 'HR: joins Human Resources on 1 February',
      expected: 'parked until 2027-01-18 00:00',
      holds: [],
    }),
    comes(joined, {
      at: '2027-01-18T00:00:00.000Z',
      description: '14 days (leadDays) before the first day',
      expected: 'delivered',
      holds: ['Human Resources'],
      ...{ actAt: '2027-01-18 00:00', readyBy: '2027-02-01 09:00' },
    }),
    says(rescinded, {
      description: 'HR: does not come after all',
      expected: 'settling',
      holds: ['Human Resources'],
    }),
    comes(rescinded, {
      at: '2027-01-20T09:16:00.000Z',
      description: '15 minutes later (REMOVAL_SETTLE)',
      expected: 'revoked',
      holds: [],
    }),
  ];
}

/** Every step, in the order of time. */
export const lifeSteps: LifeStep[] = [
  ...joinerAhead(),
  ...mover(),
  ...contractor(),
  ...leaverWhoComesBack(),
  ...rescindedHire(),
].sort((one, other) => one.at.localeCompare(other.at));
