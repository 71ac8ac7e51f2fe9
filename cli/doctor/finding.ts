export type Level = 'ok' | 'warning' | 'fault';

/** What one look has shown. `name` is for people and scripts to know it by; `ok` has none. */
export type Finding = {
  level: Level;
  name?: string;
  /** Which setting, table, package or resource. */
  about?: string;
  text: string;
  todo?: string;
};

export const ok = (text: string): Finding => ({ level: 'ok', text });

type Trouble = Omit<Finding, 'level'> & { name: string; todo: string };
export const warning = (trouble: Trouble): Finding => ({ level: 'warning', ...trouble });
export const fault = (trouble: Trouble): Finding => ({ level: 'fault', ...trouble });

/** A look that could not be taken is neither a fault nor well. */
export const notChecked = (text: string, todo: string): Finding =>
  warning({ name: 'not-checked', text, todo });

/** The troubles, or that there are none. */
export const orOk = (findings: Finding[], text: string): Finding[] =>
  findings.length > 0 ? findings : [ok(text)];

/** Why a look cannot be taken; becomes a `not-checked`. */
export class NotChecked extends Error {
  override name = 'NotChecked';
  readonly todo: string;
  constructor(message: string, todo: string) {
    super(message);
    this.todo = todo;
  }
}
