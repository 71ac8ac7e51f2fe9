import { join } from 'node:path';
import { build } from 'esbuild';

/** The code of the app in few files, and the files of the project that went into them. */
export type Bundle = {
  /** By path inside the package. */
  files: Map<string, Uint8Array>;
  /** Paths from the project's root, with `/`. */
  sources: string[];
};

const FOLDER = 'dist/functions';

/** Frames of a stack name the TypeScript line only if this is set before the code is loaded. */
const ENTRY = `'use strict';
process.setSourceMapsEnabled(true);
require('./app.js');
`;

/** What a dependency tries for and does without: here it is a development dependency of others. */
const OPTIONAL = ['supports-color'];

/**
 * Bundles the app from its sources. `@azure/functions-core` stays outside, because the worker makes it. Names and lines are
 * kept: minified, it loads no faster, and a stack says nothing. Throws what esbuild has to say, warnings included.
 */
export async function bundleApp(root: string): Promise<Bundle> {
  const { outputFiles, metafile, warnings } = await build({
    absWorkingDir: root,
    entryPoints: { app: 'functions/main.ts' },
    outdir: FOLDER,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['@azure/functions-core', ...OPTIONAL],
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'eof',
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  if (warnings.length > 0) {
    throw new Error(`the bundle has warnings:\n${warnings.map(({ text }) => text).join('\n')}`);
  }
  const files = new Map<string, Uint8Array>([[`${FOLDER}/main.js`, Buffer.from(ENTRY)]]);
  for (const { path, contents } of outputFiles) {
    files.set(path.slice(join(root, '/').length).replaceAll('\\', '/'), contents);
  }
  return { files, sources: Object.keys(metafile.inputs).sort() };
}
