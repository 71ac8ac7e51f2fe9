const product = '^(functions|orchestrations|shared|cli)/';
const folder = (name) => `^${name}/`;
const packages = (...names) => `^node_modules/(${names.join('|')})/`;

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'A circle of files has no reading order; an import of a type counts too.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-circular-folders',
      comment: 'A circle of folders has no lower one that can be read first.',
      scope: 'folder',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^@azure/functions-core$' },
    },
    {
      name: 'orchestrations-decide-only',
      comment:
        'Orchestrations see shared/domain and durable-functions, so that a replay can see nothing else.',
      severity: 'error',
      from: { path: folder('orchestrations') },
      to: {
        pathNot: [
          folder('orchestrations'),
          folder('shared/domain'),
          packages('durable-functions', 'zod'),
        ],
      },
    },
    {
      name: 'domain-is-pure',
      comment: 'shared/domain imports zod and node:crypto, nothing that acts.',
      severity: 'error',
      from: { path: folder('shared/domain') },
      to: { pathNot: [folder('shared/domain'), packages('zod'), '^crypto$'] },
    },
    {
      name: 'adapters-stand-alone',
      comment:
        'shared/graph and shared/storage each see shared/domain and the few files for all, never each other: they meet in a use case.',
      severity: 'error',
      from: { path: '^shared/(graph|storage)/' },
      to: {
        path: product,
        pathNot: ['^shared/$1/', folder('shared/domain'), '^shared/[^/]+\\.ts$'],
      },
    },
    {
      name: 'config-knows-no-use-case',
      severity: 'error',
      from: { path: folder('shared/config') },
      to: {
        path: product,
        pathNot: [folder('shared/(config|domain)'), '^shared/[^/]+\\.ts$'],
      },
    },
    {
      name: 'use-cases-stand-on-adapters',
      comment:
        'A use case sees other use cases, the adapters, config and shared/domain; never a trigger or a command.',
      severity: 'error',
      from: { path: folder('shared/(packages|assignments|events|reports|roster)') },
      to: { path: folder('(functions|orchestrations|cli)') },
    },
    {
      name: 'cli-uses-shared',
      comment: 'The command works on stores and the bus, never inside the app.',
      severity: 'error',
      from: { path: folder('cli') },
      to: {
        pathNot: [
          folder('cli'),
          folder('shared'),
          packages('@azure/service-bus', 'commander', 'zod'),
          '^(node:)?(fs|path|util|process|os|crypto|readline|stream|timers)',
        ],
      },
    },
    {
      name: 'product-never-imports-tools',
      comment: 'What runs in the cloud knows neither the local stand-ins nor the tests.',
      severity: 'error',
      from: { path: product },
      to: { path: '^(infra|test)/' },
    },
    {
      name: 'stand-ins-share-no-code-with-the-product',
      comment: 'One mistake must not hide in both the product and what checks it.',
      severity: 'error',
      from: { path: '^infra/local/(graph|service-bus)/' },
      to: { path: product },
    },
    {
      name: 'host-loads-the-built-app',
      comment:
        'The embedded host meets the app as the real host does: by loading package.json#main.',
      severity: 'error',
      from: { path: folder('infra/local/functions-host') },
      to: { path: product },
    },
    {
      name: 'no-dev-dependencies-in-the-product',
      severity: 'error',
      from: { path: product },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    // As Node resolves what the built files require.
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'default'],
    },
  },
};
