const ring = (name) => ({
  displayName: name,
  testEnvironment: 'node',
  rootDir: __dirname,
  roots: [`<rootDir>/test/${name}`],
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } } }],
  },
});

module.exports = {
  maxWorkers: 2,
  testTimeout: 60_000,
  projects: ['unit', 'replay', 'contract', 'end-to-end', 'faults', 'fuzz', 'infra'].map(ring),
};
