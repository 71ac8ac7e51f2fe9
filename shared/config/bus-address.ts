/** Where a Service Bus namespace takes connections. */
export type BusAddress = { host: string; port: number };

const AMQPS = 5671;
/** An emulator speaks AMQP without TLS. */
const AMQP = 5672;

/** The address in a connection string, or of a namespace by its full name; undefined if there is none. */
export function busAddress(
  connection: string | undefined,
  namespace: string | undefined,
): BusAddress | undefined {
  if (!connection) return namespace ? { host: namespace, port: AMQPS } : undefined;
  const endpoint = /(?:^|;)Endpoint=([^;]+)/i.exec(connection)?.[1] ?? '';
  if (!URL.canParse(endpoint)) return undefined;
  const { hostname, port } = new URL(endpoint);
  const usual = /(?:^|;)UseDevelopmentEmulator=true/i.test(connection) ? AMQP : AMQPS;
  return hostname ? { host: hostname, port: port ? Number(port) : usual } : undefined;
}
