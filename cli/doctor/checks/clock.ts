import { fault, ok, warning, type Finding } from '../finding';
import type { Patient } from '../patient';

/** A token is valid from and until a time, with five minutes of tolerance; the header's own grain is a second. */
const REFUSED_AFTER_S = 300;
const ODD_AFTER_S = 30;

/** Whether this machine and Graph agree on the time, by the Date header of an answer. */
export async function checkClock({ tenant }: Pick<Patient, 'tenant'>): Promise<Finding[]> {
  const asked = Date.now();
  const there = await tenant.clock();
  if (there === undefined) return [ok('Graph does not say what time it is')];
  const seconds = Math.round(((asked + Date.now()) / 2 - there.getTime()) / 1000);
  const away = Math.abs(seconds);
  if (away < ODD_AFTER_S) return [ok(`${away} s from the clock of Graph`)];
  const trouble = {
    name: 'clock-skew',
    text: `this clock is ${away} s ${seconds > 0 ? 'ahead of' : 'behind'} that of Graph`,
    todo: 'synchronise it; tokens are refused beyond five minutes',
  };
  return [away < REFUSED_AFTER_S ? warning(trouble) : fault(trouble)];
}
