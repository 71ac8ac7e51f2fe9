import { AGREEING_READS, type RememberedWrite, writeOnce } from '../../../shared/write-once';

class Refused extends Error {}
const lost = () => Promise.reject(new Error('no answer'));
const refused = () => Promise.reject(new Refused('400'));
const AT = '2026-11-27T08:00:00.000Z';
const intended = (absentReads = 0): RememberedWrite => ({ state: 'intended', at: AT, absentReads });
const made: RememberedWrite = { state: 'made', at: AT, absentReads: 0 };

/** A row under optimistic concurrency, a service whose replicas may lag, and one write to it; `log` is what happened. */
function setup(options: { row?: RememberedWrite; exists?: boolean } = {}) {
  const log: string[] = [];
  let { row } = options;
  let etag = 0;
  let loaded = 0;
  let exists = options.exists ?? false;
  let visible = true;
  const put = (next: RememberedWrite | undefined) => {
    if (loaded !== etag) return Promise.resolve('conflict' as const);
    row = next;
    etag += 1;
    loaded = etag;
    return Promise.resolve('saved' as const);
  };
  const ports = {
    load: () => {
      loaded = etag;
      return Promise.resolve(row);
    },
    save: (write: RememberedWrite) => {
      log.push(`${write.state} ${write.absentReads}`);
      return put(write);
    },
    withdraw: (earlier: RememberedWrite | undefined) => {
      log.push('withdraw');
      return put(earlier);
    },
    find: () => {
      log.push('find');
      return Promise.resolve(exists && visible ? 'it' : undefined);
    },
    create: (): Promise<string | undefined> => {
      log.push('create');
      exists = true;
      return Promise.resolve('it');
    },
    keep: async (found: string | undefined, how: string): Promise<string | undefined> => {
      log.push(`keep ${found} ${how}`);
      return (await put({ ...made, at: row?.at ?? AT })) === 'saved' ? undefined : 'lost the row';
    },
    isRefusal: (error: unknown) => error instanceof Refused,
  };
  return {
    ...{ log, ports },
    row: () => row,
    hide: () => (visible = false),
    appear: () => (exists = true),
    changeRow: () => (etag += 1),
  };
}

const done = { kind: 'done', found: 'it' };

it('looks, saves the intent, writes, and keeps what was made, in this order', async () => {
  const { ports, log, row } = setup();
  expect(await writeOnce(ports)).toEqual(done);
  expect(log).toEqual(['find', 'intended 0', 'create', 'keep it created']);
  expect(row()?.state).toBe('made');
});

it('keeps what it finds and does not write', async () => {
  const { ports, log } = setup({ exists: true });
  expect(await writeOnce(ports)).toEqual(done);
  expect(log).toEqual(['find', 'keep it found']);
});

it('leaves the intent after a lost answer, and keeps what the next execution finds', async () => {
  const { ports, log, row, appear } = setup();
  await expect(writeOnce({ ...ports, create: lost })).rejects.toThrow('no answer');
  expect(row()).toMatchObject({ state: 'intended', absentReads: 0 });
  appear();
  expect(await writeOnce(ports)).toEqual(done);
  expect(log.slice(2)).toEqual(['find', 'keep it found']);
});

it('writes again only once three reads agree that a write with a lost answer is absent', async () => {
  const { ports, log } = setup({ row: intended() });
  expect(AGREEING_READS).toBe(3);
  expect(await writeOnce(ports)).toEqual({ kind: 'unclear', absentReads: 1 });
  expect(await writeOnce(ports)).toEqual({ kind: 'unclear', absentReads: 2 });
  expect(log).toEqual(['find', 'intended 1', 'find', 'intended 2']);
  expect(await writeOnce(ports)).toEqual(done);
  expect(log.slice(4)).toEqual(['find', 'intended 0', 'create', 'keep it created']);
});

it('counts from the beginning after a second lost answer', async () => {
  const { ports, row } = setup({ row: intended(2) });
  await expect(writeOnce({ ...ports, create: lost })).rejects.toThrow('no answer');
  expect(row()).toMatchObject({ state: 'intended', absentReads: 0 });
  expect(await writeOnce(ports)).toEqual({ kind: 'unclear', absentReads: 1 });
});

it.each([{ earlier: undefined }, { earlier: intended(2) }])(
  'takes the intent back after a refusal, to what the row said before: $earlier',
  async ({ earlier }) => {
    const { ports, log, row } = setup(earlier && { row: earlier });
    await expect(writeOnce({ ...ports, create: refused })).rejects.toThrow(Refused);
    expect(log).toEqual(['find', 'intended 0', 'withdraw']);
    expect(row()).toEqual(earlier);
  },
);

it('does not write when the row changes before the intent is saved', async () => {
  const { ports, log, changeRow } = setup();
  const prepare = () => {
    changeRow();
    return Promise.resolve(undefined);
  };
  expect(await writeOnce({ ...ports, prepare })).toEqual({ kind: 'conflict' });
  expect(log).toEqual(['find', 'intended 0']);
});

it('starts over when the row changes while an absent read is counted', async () => {
  const { ports, changeRow } = setup({ row: intended() });
  const find = () => {
    changeRow();
    return Promise.resolve(undefined);
  };
  expect(await writeOnce({ ...ports, find })).toEqual({ kind: 'conflict' });
});

it('starts over when the row changes before the intent is taken back', async () => {
  const { ports, changeRow } = setup();
  const create = () => {
    changeRow();
    return refused();
  };
  expect(await writeOnce({ ...ports, create })).toEqual({ kind: 'conflict' });
});

it('ends with what keeping comes to when the row changes during the write', async () => {
  const { ports, changeRow } = setup();
  const create = () => {
    changeRow();
    return Promise.resolve('it');
  };
  const written = await writeOnce({ ...ports, create });
  expect(written).toEqual({ kind: 'stopped', stop: 'lost the row' });
});

it('waits for a replica that does not show a confirmed write, however often it is asked', async () => {
  const { ports, log } = setup({ row: made });
  for (let read = 0; read < 5; read += 1) {
    expect(await writeOnce(ports)).toEqual({ kind: 'not-visible', at: AT });
  }
  expect(log).toEqual(['find', 'find', 'find', 'find', 'find']);
});

it.each([
  { replica: 'that shows it', isLate: false, kind: 'done' },
  { replica: 'that is late', isLate: true, kind: 'not-visible' },
])('looks for what an answer does not name, at a replica $replica', async ({ isLate, kind }) => {
  const { ports, log, hide, row } = setup();
  if (isLate) hide();
  const create = async () => {
    await ports.create();
    return undefined;
  };
  expect(await writeOnce({ ...ports, create })).toMatchObject({ kind });
  expect(log).toEqual(['find', 'intended 0', 'create', 'keep undefined created', 'find']);
  expect(row()?.state).toBe('made');
});

it('saves no intent when preparing says how it ends', async () => {
  const { ports, log } = setup();
  const prepare = () => Promise.resolve('not ours');
  expect(await writeOnce({ ...ports, prepare })).toEqual({ kind: 'stopped', stop: 'not ours' });
  expect(log).toEqual(['find']);
});

it('takes the intent back when the check right before the write says how it ends', async () => {
  const { ports, log, row } = setup();
  const check = () => Promise.resolve('lease too short');
  const written = await writeOnce({ ...ports, check });
  expect(written).toEqual({ kind: 'stopped', stop: 'lease too short' });
  expect(log).toEqual(['find', 'intended 0', 'withdraw']);
  expect(row()).toBeUndefined();
});

it('starts over when the row changes before the check says how it ends', async () => {
  const { ports, changeRow } = setup();
  const check = () => {
    changeRow();
    return Promise.resolve('lease too short');
  };
  expect(await writeOnce({ ...ports, check })).toEqual({ kind: 'conflict' });
});

describe('the removal of an assignment by an adminRemove request', () => {
  /** One row per person and package, and the requests of the service, known again by their tag. */
  const tag = 'joinery:hash:1:sales';
  type Request = { id: string; tag: string };
  type Grant = { state: 'held' | 'removing' | 'removed'; at: string; absentReads: number } & {
    requestId?: string;
  };
  function removal(grant: Grant, requests: Request[]) {
    const posts: string[] = [];
    return {
      ...{ grant, posts },
      ports: {
        load: () =>
          Promise.resolve(
            grant.state === 'removing'
              ? { state: 'intended' as const, at: grant.at, absentReads: grant.absentReads }
              : undefined,
          ),
        save: ({ at, absentReads }: RememberedWrite) => {
          Object.assign(grant, { state: 'removing', at, absentReads });
          return Promise.resolve('saved' as const);
        },
        withdraw: () => {
          grant.state = 'held';
          return Promise.resolve('saved' as const);
        },
        // The service has no filter by person: a look reads every request, so only after a lost answer.
        find: (earlier: RememberedWrite | undefined) =>
          Promise.resolve(earlier && requests.find((request) => request.tag === tag)),
        prepare: () => Promise.resolve(grant.state === 'removed' ? 'already-removed' : undefined),
        create: () => {
          const request = { id: `request-${requests.length}`, tag };
          requests.push(request);
          posts.push('adminRemove');
          return Promise.resolve(request);
        },
        keep: (request: Request | undefined) => {
          Object.assign(grant, { state: 'removed', requestId: request?.id });
          return Promise.resolve(undefined);
        },
        isRefusal: (error: unknown) => error instanceof Refused,
      },
    };
  }
  const held = (): Grant => ({ state: 'held', at: AT, absentReads: 0 });

  it('is requested once, and its id is kept', async () => {
    const { ports, grant, posts } = removal(held(), []);
    expect(await writeOnce(ports)).toMatchObject({ kind: 'done', found: { id: 'request-0' } });
    expect(await writeOnce(ports)).toEqual({ kind: 'stopped', stop: 'already-removed' });
    expect([grant.state, grant.requestId, posts]).toEqual([
      'removed',
      'request-0',
      ['adminRemove'],
    ]);
  });

  it('is found by its tag after a lost answer, and not requested again', async () => {
    const { ports, grant, posts } = removal(held(), []);
    const create = async () => {
      await ports.create();
      return lost();
    };
    await expect(writeOnce({ ...ports, create })).rejects.toThrow('no answer');
    expect(grant.state).toBe('removing');
    expect(await writeOnce(ports)).toMatchObject({ kind: 'done', found: { id: 'request-0' } });
    expect(posts).toEqual(['adminRemove']);
  });

  it('leaves the grant held when the service refuses it', async () => {
    const { ports, grant } = removal(held(), []);
    await expect(writeOnce({ ...ports, create: refused })).rejects.toThrow(Refused);
    expect(grant.state).toBe('held');
  });
});

it('waits for a confirmed write while it is pending, and for ever where nothing tells', async () => {
  const statusOf = () => Promise.resolve('pending' as const);
  const { ports, log } = setup({ row: made });
  const invisible = { kind: 'not-visible', at: AT };
  expect(await writeOnce({ ...ports, statusOf })).toEqual(invisible);
  expect(await writeOnce(ports)).toEqual(invisible);
  expect(log).toEqual(['find', 'find']);
});

it('writes again what was confirmed and did not come to be, once three reads agree', async () => {
  const statusOf = () => Promise.resolve('doubtful' as const);
  const { ports, log } = setup({ row: made });
  expect(await writeOnce({ ...ports, statusOf })).toEqual({ kind: 'unclear', absentReads: 1 });
  expect(await writeOnce({ ...ports, statusOf })).toEqual({ kind: 'unclear', absentReads: 2 });
  expect(await writeOnce({ ...ports, statusOf })).toEqual(done);
  expect(log).toEqual([
    ...['find', 'made 1', 'find', 'made 2'],
    ...['find', 'intended 0', 'create', 'keep it created'],
  ]);
});

it('ends with the refusal of a confirmed write that the service did not carry out', async () => {
  const { ports, log } = setup({ row: made });
  await expect(writeOnce({ ...ports, statusOf: refused })).rejects.toThrow(Refused);
  expect(log).toEqual(['find']);
});
