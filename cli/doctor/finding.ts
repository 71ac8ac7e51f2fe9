export type Level = 'ok' | 'warning' | 'fault';

/** One result of a check. `name` identifies it for people and scripts; `ok` has none. */
export type Finding = {
  level: Level;
  name?: string;
  /** Which setting, table, package or resource. */
  about?: string;
  text: string;
  todo?: string;
};

export const ok = (text: string): Finding => ({ level: 'ok', text });

type Problem = Omit<Finding, 'level'> & { name: string; todo: string };
export const warning = (problem: Problem): Finding => ({ level: 'warning', ...problem });
export const fault = (problem: Problem): Finding => ({ level: 'fault', ...problem });

/** A check that cannot run is neither ok nor a fault. */
export const notChecked = (text: string, todo: string): Finding =>
  warning({ name: 'not-checked', text, todo });

/** The findings, or one that says `text` if there are none. */
export const orOk = (findings: Finding[], text: string): Finding[] =>
  findings.length > 0 ? findings : [ok(text)];

/** Thrown by a check that cannot run; becomes the finding `not-checked`. */
export class NotChecked extends Error {
  override name = 'NotChecked';
  readonly todo: string;
  constructor(message: string, todo: string) {
    super(message);
    this.todo = todo;
  }
}
