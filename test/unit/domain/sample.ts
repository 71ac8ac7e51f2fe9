export type Sample = Record<string, unknown> & { data: Record<string, unknown> };

export const SOURCE = 'urn:hr:acme:workday';

/** The event of docs/event-contract.md, fresh to be changed. */
export const sampleEvent = () => ({
  specversion: '1.0',
  id: '8b5e0c3a-joined-1',
  source: SOURCE,
  type: 'hr.worker.joined.v1',
  subject: 'W-1024',
  time: '2026-11-20T09:30:00Z',
  datacontenttype: 'application/json',
  data: {
    workerId: 'W-1024',
    employmentId: 'E-1',
    sequence: 1,
    startDate: '2026-11-23',
    endDate: '2027-05-31',
    timeZone: 'Europe/Berlin',
    attributes: {
      department: 'Finance',
      jobCode: 'FIN-AN-2',
      costCenter: '4711',
      location: 'Berlin',
      workerType: 'employee',
    },
  },
});

export const bytes = (value: unknown): Uint8Array =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
