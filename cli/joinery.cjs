#!/usr/bin/env node
'use strict';
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const main = join(__dirname, '..', 'dist', 'cli', 'main.js');
/** On the local stack the command has the clock of the stack, which can be moved. */
const clock = join(__dirname, '..', 'dist', 'infra', 'local', 'clock', 'preload.js');
if (existsSync(main)) {
  if (existsSync(clock)) require(clock);
  require(main);
} else {
  process.stderr.write(
    'Joinery is not built yet. Run "npm ci && npm run build" in its folder, or use "npm run -s joinery", which builds by itself.\n',
  );
  process.exitCode = 1;
}
