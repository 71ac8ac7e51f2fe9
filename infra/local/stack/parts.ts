/** The parts in the order of their start; the host comes last, because the app needs the other three. */
export const partNames = ['storage', 'service-bus', 'graph', 'host'] as const;
export type PartName = (typeof partNames)[number];

/** The folder below `infra/local` in which a part's program stands. */
export const partFolders: Record<PartName, string> = {
  storage: 'azurite',
  'service-bus': 'service-bus',
  graph: 'graph',
  host: 'functions-host',
};

const portSettings: Record<PartName, string[]> = {
  storage: ['AZURITE_BLOB_PORT', 'AZURITE_QUEUE_PORT', 'AZURITE_TABLE_PORT'],
  'service-bus': ['SERVICE_BUS_PORT'],
  graph: ['GRAPH_PORT'],
  host: ['HOST_PORT'],
};

/** Settings that let every part take a free port. */
export const freePorts: Record<string, string> = Object.fromEntries(
  Object.values(portSettings).flatMap((settings) => settings.map((setting) => [setting, '0'])),
);

/** The settings that start a part again on the ports that its address names. */
export function portsOf(part: PartName, address: Record<string, unknown>): Record<string, string> {
  const ports = Object.values(address).flatMap((value) =>
    typeof value === 'string' ? [...value.matchAll(/127\.0\.0\.1:(\d+)/g)] : [],
  );
  return Object.fromEntries(
    portSettings[part].flatMap((setting, index) => {
      const port = ports[index]?.[1];
      return port === undefined ? [] : [[setting, port]];
    }),
  );
}

/** What a person may change when a part cannot have its port. */
export function portHint(part: PartName): string {
  const [first, ...rest] = portSettings[part];
  return `${[first, ...rest].join(', ')} (0 = a free port)`;
}
