const level = (name) => ({
  displayName: name,
  testEnvironment: 'node',
  rootDir: __dirname,
  roots: [`<rootDir>/test/${name}`],
  testMatch: ['**/*.test.ts'],
  setupFilesAfterEnv: ['<rootDir>/test/support/each-suite.ts'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } } }],
  },
});

module.exports = {
  maxWorkers: 2,
  testTimeout: 60_000,
  projects: ['unit', 'histories', 'integration', 'simulators', 'end-to-end', 'resilience'].map(
    level,
  ),
};
