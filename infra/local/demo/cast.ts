import type { ClosingOutcome } from '../../../shared/domain/workflow/step-outcome';

/** One person of the demo: who they are, what is odd about their message, and how their event must end. */
export type Joiner = {
  worker: string;
  story: string;
  department: string;
  jobCode: string;
  /** An employee unless said otherwise. */
  workerType?: string;
  /** One ordinary message unless said otherwise. The second message, if any, follows when the first has ended. */
  sends?: 'twice' | 'other content under the same id' | 'half a body';
  /** The worker whose event must have ended before this one is sent. */
  after?: string;
  ends: ClosingOutcome | 'rejected';
  /** How it ends where requests name nobody, so that nothing can happen to the requests of one person. */
  endsUnnamed?: ClosingOutcome;
};

const finance = { department: 'Finance', jobCode: 'FIN-AN-2' };
// No employee of Finance, so that approving payments is all that the rules would give.
const payments = { department: 'Finance', jobCode: 'FIN-PA-1', workerType: 'secondee' };
const reliability = { department: 'Engineering', jobCode: 'ENG-SRE-1' };
const engineering = { department: 'Engineering', jobCode: 'ENG-SE-2' };
const sales = { department: 'Sales', jobCode: 'SAL-AM-1' };
const people = { department: 'Human Resources', jobCode: 'HR-GE-1' };
// Asks for the personnel files alone, whose approval is waited for.
const partners = { department: 'Human Resources', jobCode: 'HR-BP-1', workerType: 'secondee' };
const operations = { department: 'Operations', jobCode: 'OPS-TE-1' };
const vendors = { department: 'Operations', jobCode: 'OPS-VM-1' };

/** The cast with the ends of a dialect of Graph: in the draft documents a request does not say for whom it is. */
export const castIn = (dialect: string | undefined): Joiner[] =>
  dialect === 'draft'
    ? cast.map((joiner) => ({ ...joiner, ends: joiner.endsUnnamed ?? joiner.ends }))
    : cast;

/** The odd ones behave as infra/local/graph/README.md says of their worker id. */
const cast: Joiner[] = [
  { worker: 'W-1001', story: 'joins Finance', ...finance, ends: 'delivered' },
  { worker: 'W-1016', story: 'joins Engineering', ...engineering, ends: 'delivered' },
  { worker: 'W-1017', story: 'joins Sales', ...sales, ends: 'delivered' },
  { worker: 'W-1018', story: 'joins Human Resources', ...people, ends: 'delivered' },
  { worker: 'W-1019', story: 'joins Operations', ...operations, ends: 'delivered' },
  { worker: 'W-1020', story: 'maintains vendors', ...vendors, ends: 'delivered' },
  { worker: 'W-1021', story: 'joins Finance', ...finance, ends: 'delivered' },
  {
    worker: 'W-1022',
    story: 'gets all but production, which needs approval',
    ...reliability,
    ends: 'partly-delivered',
  },
  { worker: 'W-1023', story: 'joins Sales', ...sales, ends: 'delivered' },
  { worker: 'W-1025', story: 'joins Human Resources', ...people, ends: 'delivered' },
  { worker: 'W-1026', story: 'joins Operations', ...operations, ends: 'delivered' },
  { worker: 'W-1013', story: 'passes a state nobody knows', ...finance, ends: 'delivered' },
  { worker: 'W-1015', story: 'is scheduled first', ...engineering, ends: 'delivered' },
  { worker: 'W-1027', story: 'comes twice', ...sales, sends: 'twice', ends: 'delivered' },
  {
    worker: 'W-1028',
    story: 'comes again with another date',
    ...operations,
    sends: 'other content under the same id',
    ends: 'delivered',
  },
  {
    worker: 'W-1029',
    story: 'is cut short on the way',
    ...finance,
    sends: 'half a body',
    ends: 'rejected',
  },
  {
    worker: 'W-1030',
    story: 'has an unknown department',
    department: 'Alchemy',
    jobCode: 'ALC-1',
    ends: 'no-matching-rule',
  },
  { worker: 'W-1002', story: 'reaches the directory late', ...engineering, ends: 'delivered' },
  { worker: 'W-1999', story: 'never reaches the directory', ...sales, ends: 'no-identity' },
  {
    worker: 'W-1003',
    story: 'may not also approve payments',
    ...payments,
    after: 'W-1020',
    ends: 'refused-sod',
  },
  {
    worker: 'W-1004',
    story: 'waits for an approver',
    ...sales,
    ends: 'approval-required',
    endsUnnamed: 'delivered',
  },
  {
    worker: 'W-1005',
    story: 'is denied by the approver',
    ...partners,
    ends: 'denied',
    // The package itself asks for an approval, and nobody gives it.
    endsUnnamed: 'timed-out',
  },
  { worker: 'W-1006', story: 'is delivered in part, then healed', ...finance, ends: 'delivered' },
  {
    worker: 'W-1007',
    story: 'holds it already',
    ...people,
    after: 'W-1018',
    ends: 'already-held',
  },
  {
    worker: 'W-1008',
    story: 'is stuck for ever',
    ...engineering,
    ends: 'timed-out',
    endsUnnamed: 'delivered',
  },
];
