// Azurite ships no types for its server classes; only what this folder uses is declared.

declare module 'azurite/dist/src/table/persistence/LokiTableMetadataStore' {
  export type Row = { PartitionKey: string; RowKey: string };
  export type Collection = {
    readonly data: readonly Row[];
    insert: (rows: object[]) => void;
    on(event: 'insert', listener: (rows: Row | Row[]) => void): void;
    on(event: 'update' | 'delete', listener: (row: Row) => void): void;
  };
  export type QueryOptions = { filter?: string; top?: number };
  export default class LokiTableMetadataStore {
    getEntityCollection(account: string, table: string, context: object): Collection;
    getMaxResultsOption(options: QueryOptions): number;
    decodeContinuationHeader(text: string | undefined): string | undefined;
    /** Takes the row behind the last one off, and answers its place. */
    adjustQueryResultforTop(
      rows: Row[],
      most: number,
    ): { nextPartitionKeyResponse?: string; nextRowKeyResponse?: string };
    queryTableEntities(
      context: object,
      account: string,
      table: string,
      options: QueryOptions,
      nextPartition?: string,
      nextRow?: string,
    ): Promise<[rows: Row[], nextPartition: string | undefined, nextRow: string | undefined]>;
  }
}

declare module 'azurite/dist/src/table/persistence/LokiTableStoreQueryGenerator' {
  import type {
    QueryOptions,
    Row,
  } from 'azurite/dist/src/table/persistence/LokiTableMetadataStore';
  const generator: {
    generateQueryForPersistenceLayer: (
      options: QueryOptions,
      context: object,
    ) => (row: Row) => boolean;
  };
  export default generator;
}
