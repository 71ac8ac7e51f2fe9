import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import ts from 'typescript';
import { basename } from 'node:path';

const MOST_LOADED_FILES = 156;

const tracked = execFileSync('git', ['ls-files'], { encoding: 'utf8' }).trim().split('\n');
const sources = new Set(tracked.filter((file) => file.endsWith('.ts')));

/** Whether an import or export remains in the compiled file, so that Node loads the other one. */
function isLoaded(statement: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(statement)) return !statement.isTypeOnly;
  const { importClause } = statement;
  if (importClause === undefined || importClause.name) return true;
  if (importClause.phaseModifier === ts.SyntaxKind.TypeKeyword) return false;
  const { namedBindings } = importClause;
  if (!namedBindings || !ts.isNamedImports(namedBindings)) return true;
  return namedBindings.elements.some(({ isTypeOnly }) => !isTypeOnly);
}

function loadedBy(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  return source.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
    const { moduleSpecifier } = statement;
    if (!moduleSpecifier || !ts.isStringLiteral(moduleSpecifier) || !isLoaded(statement)) return [];
    const target = `${join(dirname(file), moduleSpecifier.text)}.ts`;
    return moduleSpecifier.text.startsWith('.') && sources.has(target) ? [target] : [];
  });
}

/** The file itself and everything that it loads, directly or not. */
function closureOf(file: string): Set<string> {
  const closure = new Set([file]);
  for (const one of closure) loadedBy(one).forEach((target) => closure.add(target));
  return closure;
}

test(`the app loads at most ${MOST_LOADED_FILES} of its files`, () => {
  const closure = closureOf('functions/main.ts');
  expect(closure).toContain('orchestrations/access-change.ts');
  expect([...closure].filter((file) => !/^(functions|orchestrations|shared)\//.test(file))).toEqual(
    [],
  );
  expect(closure.size).toBeLessThanOrEqual(MOST_LOADED_FILES);
});

/** Words of a private dialect that the field has a standard name for; none is a name of ours, whole or as one of its words. */
const replaced: [words: string[], use: string][] = [
  [
    ['leg', 'telling', 'story', 'journey'],
    'WorkflowGenerator, DurableContext, WorkflowInput, WorkflowState',
  ],
  [
    ['turn', 'turns', 'owed', 'giveback'],
    'worker lock, fencing token, pendingRelease, releaseLock',
  ],
  [
    ['pace', 'patience', 'speaking', 'rare'],
    'timeouts, retry budget, reasonsKeptOnTimeout, closeRetrySeconds',
  ],
  [
    ['told', 'teller', 'announce', 'announced', 'heard'],
    'AuditContext, recordIntent, advanceChain',
  ],
  [
    ['foresee', 'foreseeend', 'clearup', 'followother', 'keeprequest', 'markof'],
    'preflight, resolveAmbiguousSubmit, adoptOpenRequest, saveRequest, correlationTag',
  ],
  [['whole', 'making'], 'complete, provisioning'],
  [['witness'], 'satisfyingExample'],
  [['lookat', 'watch', 'forget', 'lookafter'], 'recoverEvent, schedule, cancel, RECOVERY_DELAY'],
  [['ifknown', 'inturns'], 'emptyOn404, mapConcurrent'],
  [['patient', 'judge', 'complaint'], 'DoctorContext, deadLetters, evaluate, CliError'],
  [
    ['acts', 'mirror', 'disturb', 'leftout', 'alarm'],
    'services, history replayer, injectFault, notImplemented, timer',
  ],
  [['cast', 'verdict', 'world', 'tellrun'], 'scenarios, assertion, TestStack, driveRun'],
];
/** Words that are good English inside a longer name, and were used alone for something that has a name. */
const replacedAlone: [words: string[], use: string][] = [
  [
    ['progress', 'phase', 'parts', 'part', 'wanted'],
    'StepState, fencing token, Services, ModelItem, AssignmentTarget',
  ],
  [
    ['letters', 'once', 'look', 'link', 'play', 'stage', 'floor', 'ring'],
    'memoize, check, amqp, messages, setup, baseline, level',
  ],
];
const alone = new Map(replacedAlone.flatMap(([words, use]) => words.map((word) => [word, use])));
const anywhere = new Map(replaced.flatMap(([words, use]) => words.map((word) => [word, use])));

/** Settings that deployments know by this name. */
const published = new Set<string>(['CALL_PATIENCE']);

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--deduplicate'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => /^(functions|orchestrations|shared|cli|infra|test)\/.*\.ts$/.test(file));

const wordsOf = (name: string): string[] =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');

function replacementFor(name: string): string | undefined {
  if (published.has(name)) return undefined;
  const words = wordsOf(name);
  const pairs = words.slice(1).map((word, index) => `${words[index] ?? ''}${word}`);
  const hit = [...words, ...pairs]
    .map((word) => anywhere.get(word))
    .find((use) => use !== undefined);
  return hit ?? (words.length === 1 ? alone.get(words[0] ?? '') : undefined);
}

/** Every name that others see: files and folders, exports, and the members of stored and exchanged records. */
function* namesOf(file: string): Generator<string> {
  for (const segment of file.replace(/(\.test|\.d)?\.ts$/, '').split('/')) yield segment;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return; // Deleted in the working tree and not committed yet.
  }
  const source = ts.createSourceFile(basename(file), text, ts.ScriptTarget.Latest, true);
  for (const statement of source.statements) {
    const exported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (!exported) continue;
    if (ts.isVariableStatement(statement)) {
      for (const { name } of statement.declarationList.declarations)
        if (ts.isIdentifier(name)) yield name.text;
    } else if ('name' in statement) {
      yield (statement.name as ts.Identifier).text;
    }
  }
  if (!/^(shared|orchestrations)\//.test(file)) return;
  yield* recordMembers(source);
}

/** Members of zod objects and the strings of their enums: what ends in a table, a durable history or a queue. */
function* recordMembers(node: ts.Node): Generator<string> {
  if (
    ts.isCallExpression(node) &&
    /(^|\.)(object|strictObject|extend|enum|literal)$/.test(node.expression.getText())
  ) {
    for (const argument of node.arguments) {
      if (ts.isObjectLiteralExpression(argument)) {
        for (const { name } of argument.properties)
          if (name && ts.isIdentifier(name)) yield name.text;
      } else if (ts.isArrayLiteralExpression(argument)) {
        for (const element of argument.elements)
          if (ts.isStringLiteral(element)) yield element.text;
      } else if (ts.isStringLiteral(argument)) yield argument.text;
    }
  }
  for (const child of node.getChildren()) yield* recordMembers(child);
}

test('no file, export or record uses a word that the field has a standard name for', () => {
  const found = new Set<string>();
  for (const file of files) {
    for (const name of namesOf(file)) {
      const use = replacementFor(name);
      if (use !== undefined) found.add(`${file}: ${name} (use one of: ${use})`);
    }
  }
  expect([...found].sort()).toEqual([]);
});

test('a name from the old dialect is found, and a name that only contains its letters is not', () => {
  expect(replacementFor('takeTurn')).toMatch(/worker lock/);
  expect(replacementFor('Part')).toMatch(/ModelItem/);
  expect(replacementFor('partProcess')).toBeUndefined();
  expect(replacementFor('returned')).toBeUndefined();
});
