import { builtinModules } from 'node:module';
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

const clock = 'An orchestrator is replayed: the time is context.df.currentUtcDateTime.';
const chance =
  'An orchestrator is replayed: chance and ids come from activities or context.df.newGuid.';
const outside = 'An orchestrator is replayed: anything from outside comes through an activity.';
const attempts = 'The only retry is attempt.ts: a value that becomes a bounded timer.';
const unwoken =
  'No run is woken by an external event: one that is no JSON would end it, two could change places.';

/** What a replayed generator must not contain, because the second execution would differ from the first. */
const determinism = {
  'no-restricted-properties': [
    'error',
    { object: 'Date', property: 'now', message: clock },
    { object: 'performance', property: 'now', message: clock },
    { object: 'Math', property: 'random', message: chance },
    { object: 'process', property: 'env', message: outside },
    { property: 'callActivityWithRetry', message: attempts },
    { property: 'callSubOrchestratorWithRetry', message: attempts },
    { property: 'waitForExternalEvent', message: unwoken },
  ],
  'no-restricted-globals': [
    'error',
    ...[
      'fetch',
      'setTimeout',
      'setInterval',
      'setImmediate',
      'queueMicrotask',
      'process',
      'crypto',
    ].map((name) => ({ name, message: outside })),
  ],
  'no-restricted-syntax': [
    'error',
    { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: clock },
    { selector: 'AwaitExpression', message: 'An orchestrator yields tasks; it never awaits.' },
    ...['IfStatement', 'ConditionalExpression'].map((branch) => ({
      selector: `${branch}:has(.test[property.name='isReplaying'], .test [property.name='isReplaying']) YieldExpression`,
      message: 'Never yield behind isReplaying: the replay takes the other branch.',
    })),
    {
      selector:
        "LogicalExpression:has(.left[property.name='isReplaying'], .left [property.name='isReplaying']) YieldExpression",
      message: 'Never yield behind isReplaying: the replay takes the other branch.',
    },
  ],
  'no-restricted-imports': [
    'error',
    {
      paths: builtinModules
        .flatMap((name) => [name, `node:${name}`])
        .map((name) => ({ name, message: outside })),
    },
  ],
};

export default defineConfig(
  globalIgnores(['dist', 'coverage', '.joinery']),
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  prettier,
  {
    languageOptions: {
      parserOptions: {
        projectService: {
          allowDefaultProject: [
            '*.mjs',
            '*.cjs',
            '*/*.cjs',
            '*/*/*.cjs',
            '.dependency-cruiser.cjs',
          ],
        },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ['**/*.cjs', '**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: {
        module: 'writable',
        require: 'readonly',
        __dirname: 'readonly',
        process: 'readonly',
      },
    },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    files: ['functions/**/*.ts', 'orchestrations/**/*.ts', 'shared/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-properties': ['error', { property: 'raiseEvent', message: unwoken }],
    },
  },
  { files: ['orchestrations/**/*.ts'], rules: determinism },
);
