const DAY_MS = 86_400_000;

/** A valid event of a joiner of the sample model whose first day lies ahead of `now`. */
export function sampleEvent({ id, worker }: { id?: string; worker: string }, now: Date) {
  const day = (days: number): string =>
    new Date(now.getTime() + days * DAY_MS).toISOString().slice(0, 10);
  const startDate = day(7);
  return {
    specversion: '1.0',
    id: id ?? `${worker.slice(0, 40)}-joined-${startDate}`,
    source: 'urn:hr:acme:workday',
    type: 'hr.worker.joined.v1',
    subject: worker,
    time: now.toISOString(),
    datacontenttype: 'application/json',
    data: {
      workerId: worker,
      startDate,
      endDate: day(365),
      timeZone: 'Europe/Berlin',
      attributes: {
        department: 'Finance',
        jobCode: 'FIN-AN-2',
        costCenter: '4711',
        location: 'Berlin',
        workerType: 'employee',
      },
    },
  };
}
