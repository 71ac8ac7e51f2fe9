/** Reads a command line; help ends the process with 0, and what makes no sense with 2 and what to say instead. */
export function orUsage<Asked>(read: () => Asked | undefined, usage: string): Asked {
  try {
    const asked = read();
    if (asked !== undefined) return asked;
    console.log(usage);
    process.exit(0);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
}
