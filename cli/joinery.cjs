#!/usr/bin/env node
'use strict';
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const main = join(__dirname, '..', 'dist', 'cli', 'main.js');
if (existsSync(main)) {
  require(main);
} else {
  process.stderr.write(
    'Joinery is not built yet. Run "npm ci && npm run build" in its folder, or use "npm run -s joinery", which builds by itself.\n',
  );
  process.exitCode = 1;
}
