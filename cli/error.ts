/** A problem that the caller can fix. The command prints its message without a stack and exits with `code`. */
export class CliError extends Error {
  override name = 'CliError';
  readonly code: number;
  constructor(message: string, code = 1) {
    super(message);
    this.code = code;
  }
}

export const unknownEvent = (id: string, sources: readonly string[]): CliError =>
  new CliError(
    `no event ${id} of ${sources.join(', ')} is known; "audit --day" lists messages without a readable id`,
  );
