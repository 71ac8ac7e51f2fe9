const DAY_MS = 86_400_000;
const SOURCE = 'urn:hr:acme:workday';

type Kind = 'joined' | 'moved' | 'left' | 'corrected' | 'rescinded' | 'snapshot';
export type SampleOptions = { id?: string; worker: string; type?: Kind; revises?: string };

/**
 * A valid event of a worker of the sample model, whose days lie ahead of `now`. The types follow each other: somebody joins,
 * moves and leaves; the correction and the rescission name `revises`, by default the sample of the joiner.
 */
export function sampleEvent(
  { id, worker, type = 'joined', revises: revised }: SampleOptions,
  now: Date,
) {
  const day = (days: number): string =>
    new Date(now.getTime() + days * DAY_MS).toISOString().slice(0, 10);
  const startDate = day(7);
  const attributes = {
    department: 'Finance',
    jobCode: 'FIN-AN-2',
    costCenter: '4711',
    location: 'Berlin',
    workerType: 'employee',
  };
  const idOf = (kind: Kind): string => `${worker.slice(0, 40)}-${kind}-${startDate}`;
  const revises = { source: SOURCE, id: revised ?? idOf('joined') };
  const engineer = { department: 'Engineering', jobCode: 'ENG-DEV-2', costCenter: '4712' };
  const data: Record<Kind, object> = {
    joined: { startDate, endDate: day(365), attributes },
    moved: { effectiveDate: day(60), attributes: { ...attributes, ...engineer } },
    left: { lastDay: day(90) },
    corrected: { revises, startDate: day(14), endDate: day(365), attributes },
    rescinded: { revises },
    snapshot: {
      spans: [{ employmentId: 'primary', from: startDate, until: day(365), attributes }],
    },
  };
  return {
    specversion: '1.0',
    id: id ?? idOf(type),
    source: SOURCE,
    type: `hr.worker.${type}.v1`,
    subject: worker,
    time: now.toISOString(),
    datacontenttype: 'application/json',
    data: { workerId: worker, ...data[type], timeZone: 'Europe/Berlin' },
  };
}
