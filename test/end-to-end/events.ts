import { ServiceBusClient } from '@azure/service-bus';

const SOURCE = 'urn:hr:acme:workday';

/** The joiner event of the contract's example, for another worker if need be. */
export function joiner(workerId: string, change: { id?: string; data?: object } = {}) {
  return {
    specversion: '1.0',
    id: change.id ?? `${workerId}-joined-1`,
    source: SOURCE,
    type: 'hr.worker.joined.v1',
    subject: workerId,
    time: '2026-11-20T09:30:00Z',
    datacontenttype: 'application/json',
    data: {
      workerId,
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
      ...change.data,
    },
  };
}

/** Sends as a stranger would: with the public SDK and the connection string, nothing else. */
export async function sendTo(serviceBus: string, events: object[]): Promise<void> {
  const client = new ServiceBusClient(serviceBus);
  const sender = client.createSender('provisioning-events');
  await sender.sendMessages(events.map((body) => ({ body })));
  await client.close();
}
