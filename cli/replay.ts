import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { createLedgerReader } from '../shared/storage/audit';
import { createClaims } from '../shared/storage/claims';
import { openClaims, openLedger, Complaint, withBus, type Connection } from './connection';
import { bytesOf, numberOf, openLetters, peekLetters } from './letters';
import { print, tableOf } from './print';
import { judge, type Judgement, type Records } from './replay/judge';
import { resend, sendCopy, type Chosen } from './replay/resend';
import { readBody } from './send';

export type ReplayOptions = {
  by: string;
  reason: string;
  file?: string;
  cause?: string;
  since?: Date;
  limit: number;
  attempts: number;
  yes: boolean;
  json: boolean;
};

/** How far into the dead letters is looked for those that are meant. */
const DEEPEST = 10_000;

type Entry = Judgement & {
  sequenceNumber?: string;
  enqueuedAt?: string | undefined;
  deadLetterReason?: string | undefined;
  /** Of a letter; that of a file is known by its reason and person. */
  replayId?: string | undefined;
  result?: string;
};

/**
 * Runs events again whose dead letters are meant, or the event of a file. Without `yes` it shows what it would do. Exit
 * code 1 if something that was to be sent was not, or the one event that was named is left as it is.
 */
export async function replay(
  connection: Connection,
  eventId: string | undefined,
  options: ReplayOptions,
): Promise<void> {
  const { audit, index } = openLedger(connection);
  const { refusalOf } = createLedgerReader(audit, index);
  const records = { claims: createClaims(openClaims(connection)), refusalOf };
  const entries = await withBus(connection, async (client) => {
    if (options.file !== undefined) {
      const body = await readBody(options.file);
      const judged = await judgeBody(connection, records, body, undefined, options);
      const entry = judged.action === 'complete' ? { ...judged, ...TAKEN_BEFORE } : judged;
      if (!options.yes || entry.action !== 'send') return [entry];
      await sendCopy(client.createSender(connection.queue), { body }, marksOf(entry, options));
      return [{ ...entry, result: 'replayed' }];
    }
    const receiver = openLetters(client, connection.queue);
    const letters = await peekLetters(receiver, DEEPEST);
    await receiver.close();
    const meant = await choose(connection, records, letters, eventId, options);
    return options.yes
      ? carryOut(meant, (chosen) => resend(client, connection.queue, chosen), options)
      : meant;
  });
  if (entries.length === 0 && eventId !== undefined) {
    throw new Complaint(
      `no dead letter of event ${eventId}: its message was taken in. Send its body again with --file.`,
    );
  }
  print({ preview: !options.yes, events: entries }, options.json, () => report(entries, options));
  const isNamed = eventId !== undefined || options.file !== undefined;
  if (options.yes && !entries.every((entry) => isDone(entry, isNamed))) process.exitCode = 1;
}

/** There is no letter to complete, and the same person and reason are the same replay. */
const TAKEN_BEFORE = {
  action: 'leave',
  why: 'this replay was taken before; another one needs another --reason',
} as const;

/** To leave a letter is right among many, and not what was asked for where one event was named. */
const isDone = ({ action, result }: Entry, isNamed: boolean): boolean =>
  (action === 'leave' && !isNamed) || result === 'replayed' || result === 'completed';

async function judgeBody(
  { sources }: Connection,
  records: Records,
  body: Uint8Array,
  replayId: string | undefined,
  options: ReplayOptions,
): Promise<Entry> {
  const marks = marksOf({ replayId }, options);
  const judgement = await judge(records, body, marks, { sources, attempts: options.attempts });
  return { ...judgement, replayId };
}

const marksOf = ({ replayId: id }: Pick<Entry, 'replayId'>, { by, reason }: ReplayOptions) => ({
  id,
  by,
  reason,
});

/** The letters that are meant, oldest first, `limit` of them at most; those that are to be left count too. */
async function choose(
  connection: Connection,
  records: Records,
  letters: ServiceBusReceivedMessage[],
  eventId: string | undefined,
  options: ReplayOptions,
): Promise<Entry[]> {
  const { cause, since, limit } = options;
  const entries: Entry[] = [];
  for (const letter of letters) {
    if (entries.length >= limit) break;
    const { enqueuedTimeUtc, deadLetterReason } = letter;
    if (since && enqueuedTimeUtc && enqueuedTimeUtc < since) continue;
    const entry = await judgeBody(connection, records, bytesOf(letter), idOf(letter), options);
    if (eventId !== undefined && entry.eventId !== eventId) continue;
    if (cause !== undefined && ![deadLetterReason, ...entry.causes].includes(cause)) continue;
    const enqueuedAt = enqueuedTimeUtc?.toISOString();
    entries.push({ sequenceNumber: numberOf(letter), enqueuedAt, deadLetterReason, ...entry });
  }
  return entries;
}

/** The same letter has the same replay, so that a command which broke off can be given again. */
const idOf = (letter: ServiceBusReceivedMessage): string =>
  `dead-letter:${numberOf(letter)}:${letter.enqueuedTimeUtc?.getTime() ?? 0}`;

async function carryOut(
  entries: Entry[],
  act: (chosen: Map<string, Chosen>) => Promise<Map<string, string>>,
  options: ReplayOptions,
): Promise<Entry[]> {
  const chosen = new Map<string, Chosen>();
  for (const entry of entries) {
    const { sequenceNumber, action } = entry;
    if (sequenceNumber === undefined || action === 'leave') continue;
    chosen.set(sequenceNumber, { action, marks: marksOf(entry, options) });
  }
  const results = await act(chosen);
  return entries.map((entry) => ({
    ...entry,
    result: results.get(entry.sequenceNumber ?? '') ?? 'left',
  }));
}

const HEADINGS = [
  'sequence',
  'enqueued',
  'event',
  'cause',
  'action',
  'attempt',
  'because',
  'result',
];

function report(entries: Entry[], { yes }: ReplayOptions): string {
  const lines = entries.map((entry) => [
    entry.sequenceNumber,
    entry.enqueuedAt,
    entry.eventId,
    entry.causes[0] ?? entry.deadLetterReason,
    entry.action,
    entry.attempt,
    entry.why,
    entry.result,
  ]);
  const verdict = yes ? '' : '\n\nA preview: nothing was sent or taken. Add --yes to do it.';
  return `${tableOf(HEADINGS, lines)}${verdict}`;
}
