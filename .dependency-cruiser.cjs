const product = '^(functions|orchestrations|shared|cli)/';
const folder = (name) => `^${name}/`;
const packages = (...names) => `^node_modules/(${names.join('|')})/`;

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'A circle of imports has no reading order.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
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
      name: 'shared-parts-stand-alone',
      comment:
        'A part of shared/ sees its own folder, shared/domain, the few files for all, and the Azure package it wraps.',
      severity: 'error',
      from: { path: '^shared/([^/]+)' },
      to: {
        path: '^(shared|functions|orchestrations|cli)/',
        pathNot: ['^shared/$1', folder('shared/domain'), '^shared/[^/]+\\.ts$'],
      },
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
      from: { path: folder('infra/local/host') },
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
  },
};
