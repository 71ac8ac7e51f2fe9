import { fault, ok, type Finding } from '../finding';

const LEAST = [20, 19] as const;

/** Whether this Node runs the app and its commands; package.json says the same in `engines`. */
export function nodeFindings(version: string): Finding[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const enough = major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1]);
  if (enough) return [ok(version)];
  const todo = `install Node ${LEAST.join('.')} or newer`;
  return [fault({ name: 'node-too-old', text: `this is Node ${version}`, todo })];
}
