import { bodyHash, eventHash } from '../../../shared/domain/events/keys';
import type { ClosingOutcome } from '../../../shared/domain/workflow/step-outcome';

/** One person of the demo: their attributes, what is special about their message, and the expected outcome. */
type Scenario = {
  worker: string;
  description: string;
  department: string;
  jobCode: string;
  /** `employee` by default. */
  workerType?: string;
  /** One ordinary message by default. The second message, if any, is sent after the first has ended. */
  variant?: 'twice' | 'other content under the same id' | 'half a body';
  /** The day on which the demo begins by default. */
  startDate?: string;
  /** The worker whose event must end before this one is sent. */
  after?: string;
  expected: ClosingOutcome | 'rejected';
  /** The outcome in the `draft` dialect: its requests name no person, so scripts for one person's requests have no effect. */
  expectedInDraft?: ClosingOutcome;
};

/** The time of the stack when the demo begins: so its dates are the same on every day. */
export const demoStart = new Date('2027-01-04T07:00:00Z');

const finance = { department: 'Finance', jobCode: 'FIN-AN-2' };
// Not an employee of Finance, so the rules grant only the approval of payments.
const payments = { department: 'Finance', jobCode: 'FIN-PA-1', workerType: 'secondee' };
const reliability = { department: 'Engineering', jobCode: 'ENG-SRE-1' };
const engineering = { department: 'Engineering', jobCode: 'ENG-SE-2' };
const sales = { department: 'Sales', jobCode: 'SAL-AM-1' };
const people = { department: 'Human Resources', jobCode: 'HR-GE-1' };
// Requests only the personnel files, which need an approval.
const partners = { department: 'Human Resources', jobCode: 'HR-BP-1', workerType: 'secondee' };
const operations = { department: 'Operations', jobCode: 'OPS-TE-1' };
const vendors = { department: 'Operations', jobCode: 'OPS-VM-1' };

/** The scenarios with the expected outcomes of a Graph dialect. */
export const scenariosFor = (dialect: string | undefined): Scenario[] =>
  dialect === 'draft'
    ? scenarios.map((scenario) => ({
        ...scenario,
        expected: scenario.expectedInDraft ?? scenario.expected,
      }))
    : scenarios;

/** What the simulator does for a worker id is in infra/local/graph/README.md. */
const scenarios: Scenario[] = [
  { worker: 'W-1001', description: 'joins Finance', ...finance, expected: 'delivered' },
  { worker: 'W-1016', description: 'joins Engineering', ...engineering, expected: 'delivered' },
  { worker: 'W-1017', description: 'joins Sales', ...sales, expected: 'delivered' },
  { worker: 'W-1018', description: 'joins Human Resources', ...people, expected: 'delivered' },
  { worker: 'W-1019', description: 'joins Operations', ...operations, expected: 'delivered' },
  { worker: 'W-1020', description: 'maintains vendors', ...vendors, expected: 'delivered' },
  { worker: 'W-1021', description: 'joins Finance', ...finance, expected: 'delivered' },
  {
    worker: 'W-1022',
    description: 'gets all but production (needs approval)',
    ...reliability,
    expected: 'partly-delivered',
  },
  { worker: 'W-1023', description: 'joins Sales', ...sales, expected: 'delivered' },
  { worker: 'W-1025', description: 'joins Human Resources', ...people, expected: 'delivered' },
  { worker: 'W-1026', description: 'joins Operations', ...operations, expected: 'delivered' },
  {
    worker: 'W-1013',
    description: 'request passes an unknown state',
    ...finance,
    expected: 'delivered',
  },
  {
    worker: 'W-1015',
    description: 'request is scheduled first',
    ...engineering,
    expected: 'delivered',
  },
  {
    worker: 'W-1027',
    description: 'same message sent twice',
    ...sales,
    variant: 'twice',
    expected: 'delivered',
  },
  {
    worker: 'W-1028',
    description: 'same id sent again with another date',
    ...operations,
    variant: 'other content under the same id',
    expected: 'delivered',
  },
  {
    worker: 'W-1029',
    description: 'message is truncated',
    ...finance,
    variant: 'half a body',
    expected: 'rejected',
  },
  {
    worker: 'W-1030',
    description: 'unknown department',
    department: 'Alchemy',
    jobCode: 'ALC-1',
    expected: 'no-matching-rule',
  },
  {
    worker: 'W-1002',
    description: 'appears late in the directory',
    ...engineering,
    expected: 'delivered',
  },
  {
    worker: 'W-1999',
    description: 'never appears in the directory',
    ...sales,
    // An account is waited for until after the first morning.
    startDate: '2027-01-01',
    expected: 'no-identity',
  },
  {
    worker: 'W-1003',
    description: 'incompatible with a package they hold',
    ...payments,
    after: 'W-1020',
    expected: 'refused-sod',
  },
  {
    worker: 'W-1004',
    description: 'needs an approval',
    ...sales,
    expected: 'approval-required',
    expectedInDraft: 'delivered',
  },
  {
    worker: 'W-1005',
    description: 'denied by the approver',
    ...partners,
    expected: 'denied',
    // The package itself needs an approval, which is never given.
    expectedInDraft: 'timed-out',
  },
  {
    worker: 'W-1006',
    description: 'partly delivered, then delivered',
    ...finance,
    expected: 'delivered',
  },
  {
    worker: 'W-1007',
    description: 'already holds the package',
    ...people,
    after: 'W-1018',
    expected: 'already-held',
  },
  {
    worker: 'W-1008',
    description: 'request never completes',
    ...engineering,
    expected: 'timed-out',
    expectedInDraft: 'delivered',
  },
];

/** The messages of one scenario in order, and the keys of their rows. */
export type ScenarioMessages = {
  scenario: Scenario;
  eventHash: string;
  first: Buffer;
  /** Sent after the first has ended, so that it always arrives second. */
  second?: Buffer;
  /** Keys of the expected rejected rows. */
  rejects: string[];
};

export function messagesOf(scenario: Scenario): ScenarioMessages {
  const event = joinedEvent(scenario);
  const body = Buffer.from(JSON.stringify(event));
  const messages = { scenario, eventHash: hashOf(event), first: body, rejects: [] };
  const { variant } = scenario;
  if (variant === undefined) return messages;
  switch (variant) {
    case 'twice':
      return { ...messages, second: Buffer.from(body) };
    case 'other content under the same id': {
      const data = { ...event.data, startDate: '2027-02-01' };
      const other = Buffer.from(JSON.stringify({ ...event, data }));
      return { ...messages, second: other, rejects: [bodyHash(other)] };
    }
    case 'half a body': {
      const half = body.subarray(0, body.length / 2);
      return { ...messages, first: half, rejects: [bodyHash(half)] };
    }
  }
}

function joinedEvent(scenario: Scenario) {
  const { worker, department, jobCode, workerType = 'employee' } = scenario;
  return hrEvent(`demo-${worker}-joined`, 'joined', demoStart, {
    workerId: worker,
    startDate: scenario.startDate ?? '2027-01-04',
    timeZone: 'Europe/Berlin',
    attributes: { department, jobCode, location: 'Berlin', workerType },
  });
}

/** A message of the HR system of the demo. */
export function hrEvent(
  id: string,
  type: string,
  time: Date,
  data: { workerId: string; [member: string]: unknown },
) {
  return {
    specversion: '1.0',
    id,
    source: 'urn:hr:acme:workday',
    type: `hr.worker.${type}.v1`,
    subject: data.workerId,
    time: time.toISOString(),
    datacontenttype: 'application/json',
    data,
  };
}

export const hashOf = ({ source, id }: { source: string; id: string }): string =>
  eventHash(source, id);
