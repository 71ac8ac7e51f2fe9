import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** The services whose clock can be moved, in the order in which they are moved. Azurite has the clock of the machine. */
export const clockServices = ['graph', 'host', 'service-bus'] as const;
export type ClockService = (typeof clockServices)[number];

/** What a service should have: how far its clock is ahead of the machine's, in milliseconds. */
const Wish = z.object({ offsetMs: z.number() });

/** What a running service has. `fixed` says why its clock cannot be moved. */
type Answer = { pid: number; offsetMs: number; fixed?: string };

const folderOf = (dataDir: string): string => join(dataDir, 'clock');

/** `joinery clock` writes this file and waits for the answer: cli/clock.ts knows both by name. */
export const wishFile = (dataDir: string, service: ClockService): string =>
  join(folderOf(dataDir), `${service}.json`);
const answerFile = (dataDir: string, service: ClockService): string =>
  join(folderOf(dataDir), `${service}.answer.json`);

/** The offset that a service should have, in milliseconds; undefined if its clock was never set on this folder. */
export function readOffset(dataDir: string, service: ClockService): number | undefined {
  try {
    return Wish.parse(JSON.parse(readFileSync(wishFile(dataDir, service), 'utf8'))).offsetMs;
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  }
}

export const writeOffset = (dataDir: string, service: ClockService, offsetMs: number): void =>
  replace(dataDir, wishFile(dataDir, service), { offsetMs });

export const writeAnswer = (dataDir: string, service: ClockService, answer: Answer): void =>
  replace(dataDir, answerFile(dataDir, service), answer);

/** So that a reader finds the old content or the new one. */
function replace(dataDir: string, file: string, content: object): void {
  mkdirSync(folderOf(dataDir), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, `${JSON.stringify(content)}\n`);
  renameSync(`${file}.${process.pid}`, file);
}
