// Azurite ships no types for its server classes; only what infra/local/azurite uses is declared.

declare module 'azurite/dist/src/table/TableConfiguration' {
  export default class TableConfiguration {
    readonly host: string;
    constructor(host: string, port: number, keepAliveSeconds: number, databaseFile: string);
  }
}

declare module 'azurite/dist/src/table/TableServer' {
  import type TableConfiguration from 'azurite/dist/src/table/TableConfiguration';
  export default class TableServer {
    constructor(configuration: TableConfiguration);
    start(): Promise<void>;
    close(): Promise<void>;
    getHttpServerAddress(): string;
  }
}

declare module 'azurite/dist/src/table/generated/ExpressRequestAdapter' {
  export default class ExpressRequestAdapter {
    getBodyStream(): NodeJS.ReadableStream;
    getHeader(name: string): string | undefined;
  }
}

declare module 'azurite/dist/src/blob/BlobConfiguration' {
  export default class BlobConfiguration {
    readonly host: string;
    constructor(
      host: string,
      port: number,
      keepAliveSeconds: number,
      databaseFile: string,
      extentDatabaseFile: string,
      extents: { locationId: string; locationPath: string; maxConcurrency: number }[],
    );
  }
}

declare module 'azurite/dist/src/blob/BlobServer' {
  import type BlobConfiguration from 'azurite/dist/src/blob/BlobConfiguration';
  export default class BlobServer {
    constructor(configuration: BlobConfiguration);
    start(): Promise<void>;
    close(): Promise<void>;
    getHttpServerAddress(): string;
  }
}

declare module 'azurite/dist/src/queue/QueueConfiguration' {
  import BlobConfiguration from 'azurite/dist/src/blob/BlobConfiguration';
  export default class QueueConfiguration extends BlobConfiguration {}
}

declare module 'azurite/dist/src/queue/QueueServer' {
  import type QueueConfiguration from 'azurite/dist/src/queue/QueueConfiguration';
  export default class QueueServer {
    constructor(configuration: QueueConfiguration);
    start(): Promise<void>;
    close(): Promise<void>;
    getHttpServerAddress(): string;
  }
}
