import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

/** The files that `main` of an app's package.json stands for: a path or a glob with braces, `*` and `**`. */
export function entryPoints(appDir: string): { files: string[]; esm: boolean } {
  const text = readFileSync(join(appDir, 'package.json'), 'utf8');
  const { main = 'index.js', type } = JSON.parse(text) as { main?: string; type?: string };
  const files = [...new Set(expandBraces(main).flatMap((pattern) => matches(appDir, pattern)))];
  if (files.length === 0) {
    throw new Error(`package.json#main is "${main}", but there is no such file; build the app`);
  }
  return { files: files.map((file) => join(appDir, file)), esm: type === 'module' };
}

function expandBraces(pattern: string): string[] {
  const braces = /\{([^{}]*)\}/.exec(pattern);
  if (!braces) return [pattern.replace(/^\.\//, '')];
  const [whole, choices = ''] = braces;
  return choices
    .split(',')
    .flatMap((choice) => expandBraces(pattern.replace(whole, choice.trim())));
}

function matches(appDir: string, pattern: string): string[] {
  if (!pattern.includes('*')) return existsSync(join(appDir, pattern)) ? [pattern] : [];
  const base = pattern.slice(0, pattern.lastIndexOf('/', pattern.indexOf('*')) + 1);
  const expression = pattern
    .replace(/[.+^$()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/|\*/g, (stars) => (stars === '*' ? '[^/]*' : '(?:.*/)?'));
  const whole = new RegExp(`^${expression}$`);
  if (!existsSync(join(appDir, base))) return [];
  return readdirSync(join(appDir, base), { recursive: true, encoding: 'utf8' })
    .map((file) => base + file.split(sep).join('/'))
    .filter((file) => whole.test(file))
    .sort();
}
