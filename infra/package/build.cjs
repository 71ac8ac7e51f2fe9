'use strict';
/*
 * usage: node infra/package/build.cjs [tsconfig...]   (tsconfig.build.json)
 *
 * Builds each project whose outputs are older than its sources, and starts no compiler for the others. It is plain
 * JavaScript because it runs before anything is built.
 */
const { spawnSync } = require('node:child_process');
const { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } = require('node:fs');
const { dirname, join } = require('node:path');

const root = join(__dirname, '..', '..');

/** Whether somebody waits and would see nothing: what is started goes on to print lines, a command's output is for a script. */
const isAwaited =
  process.stderr.isTTY || ['prestart', 'predemo'].includes(process.env.npm_lifecycle_event ?? '');

/** These decide what the compiler makes, too. npm writes the second one at every install. */
const INPUTS = ['package.json', 'node_modules/.package-lock.json'];

function readProject(config) {
  const text = readFileSync(join(root, config), 'utf8');
  const { extends: base, include = [], compilerOptions = {} } = JSON.parse(text);
  const inherited = base ? readProject(join(dirname(config), base)) : { configs: [], folders: [] };
  return {
    config,
    include,
    configs: [config, ...inherited.configs],
    // A source may import from everywhere in its top folder, and from a project that it extends and that is built itself.
    folders: [
      ...new Set([
        ...include.map((path) => path.split('/')[0]),
        ...(inherited.buildInfo ? inherited.folders : []),
      ]),
    ],
    outDir: compilerOptions.outDir ?? inherited.outDir,
    buildInfo: compilerOptions.tsBuildInfoFile ?? inherited.buildInfo,
  };
}

const modifiedAt = (path) => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** The files below a folder that end in `ending`, as paths below `base` without it. */
function filesIn(base, folder, ending) {
  const entries = existsSync(join(root, base, folder))
    ? readdirSync(join(root, base, folder), { withFileTypes: true })
    : [];
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return filesIn(base, path, ending);
    return path.endsWith(ending) ? [path.slice(0, -ending.length)] : [];
  });
}

/** Compares a project with what was built of it. */
function inspect({ include, configs, folders, outDir, buildInfo }) {
  const builtAt = modifiedAt(buildInfo);
  const isNewer = (path) => modifiedAt(path) > builtAt;
  const sources = new Set(include.flatMap((folder) => filesIn('.', folder, '.ts')));
  const outputs = new Set(include.flatMap((folder) => filesIn(outDir, folder, '.js')));
  const orphans = [...outputs].filter((output) => !sources.has(output));
  const missing = [...sources].filter(
    (source) => !/\.(test|d)$/.test(source) && !outputs.has(source),
  );
  const isStale =
    orphans.length > 0 ||
    missing.length > 0 ||
    [...configs, ...INPUTS].some(isNewer) ||
    folders
      .flatMap((folder) => filesIn('.', folder, '.ts'))
      .some((source) => !source.endsWith('.test') && isNewer(`${source}.ts`));
  // The compiler trusts its build info and does not write a deleted output again, unless the build info is deleted too.
  const isDamaged = missing.some((source) => !isNewer(`${source}.ts`));
  return { isStale, isDamaged, missing, orphans };
}

/** Builds the project if it is stale; answers the compiler's exit code. */
function build(config) {
  const project = readProject(config);
  const found = inspect(project);
  if (!found.isStale) return 0;
  const status = compile(project, found);
  // An output may be missing although the compiler knows its source from before, unchanged: it then writes nothing.
  const left = status === 0 ? inspect(project) : found;
  return left !== found && left.missing.length > 0
    ? compile(project, { ...left, isDamaged: true })
    : status;
}

/** Compiles the project; answers the compiler's exit code. */
function compile(project, { isDamaged, orphans }) {
  const { config } = project;
  const buildInfo = join(root, project.buildInfo);
  // Until the compiler is done the project is stale, whatever ends this process.
  if (existsSync(buildInfo)) utimesSync(buildInfo, 0, 0);
  if (isAwaited) process.stderr.write(`Building ${config}…\n`);
  // The compiler leaves the output of a source that is gone, and other code could still load it.
  for (const orphan of orphans)
    for (const ending of ['.js', '.js.map'])
      rmSync(join(root, project.outDir, orphan + ending), { force: true });
  if (isDamaged) rmSync(buildInfo, { force: true });

  const startedAt = new Date();
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  // Its messages go to stderr: stdout belongs to the command that runs next.
  const { status } = spawnSync(process.execPath, [compiler, '-p', config], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  // A failed build stays stale, and so does one whose sources changed while it ran.
  if (existsSync(buildInfo)) utimesSync(buildInfo, startedAt, status === 0 ? startedAt : 0);
  return status ?? 1;
}

const configs = process.argv.slice(2);
const unknown = configs.find(
  (config) => !/\.json$/.test(config) || !existsSync(join(root, config)),
);
if (unknown !== undefined) {
  process.stderr.write(
    `usage: node infra/package/build.cjs [tsconfig...]\nerror: no project "${unknown}"\n`,
  );
  process.exit(2);
}
for (const config of configs.length > 0 ? configs : ['tsconfig.build.json']) {
  process.exitCode = build(config);
  if (process.exitCode !== 0) break;
}
