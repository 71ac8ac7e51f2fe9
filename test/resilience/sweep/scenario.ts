import type { TestMessage } from '../../support/events';
import type { TestStack } from '../../support/test-stack';

/** One kind of event. The event of each number leads to the same calls, mostly because it is about another person. */
export type Scenario = {
  name: string;
  dialect: 'v1.0' | 'draft';
  /** The access model for the events of the numbers from 0 to `size` - 1. */
  model: (size: number) => object;
  /** How many people there are; one for each event unless given. */
  people?: number;
  /** Settings of its own, and JSON files by the settings that name them. */
  env?: Record<string, string>;
  files?: Record<string, object>;
  /** What has ended before the event is sent. */
  before?: (n: number) => TestMessage[];
  /** What else is done then. */
  prepare?: (stack: TestStack, n: number) => Promise<void>;
  event: (n: number) => TestMessage;
  /** The events that the event itself makes, with the workers that they are about. */
  makes?: (n: number) => { eventHash: string; workerId: string }[];
  /**
   * Whether of the calls of one name only the first and the last are crash points: the event makes many of the same in
   * loops.
   */
  hasLoops?: boolean;
  /** How the event closes. */
  outcome: string;
  /** The keys of the packages that each person holds after the first events, by worker id. */
  held: (events: number) => Record<string, string[]>;
  /** What else is wrong after the event. */
  faults?: (stack: TestStack, n: number) => Promise<string[]>;
};
