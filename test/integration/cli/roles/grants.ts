import { resources, textOf } from '../../infra/compiled';

/** A role assignment of the compiled template: which data actions, for whom, on which account and table, or on the queue. */
export type Grant = {
  /** The variable of `azd env set` that names the identity, such as JOINERY_OPERATORS. */
  who: string;
  on: { account?: string; table?: string; queue?: true };
  actions: readonly string[];
};

const ENTITIES = 'Microsoft.Storage/storageAccounts/tableServices/tables/entities';
export const READ = `${ENTITIES}/read`;
export const ADD = `${ENTITIES}/add/action`;
export const CHANGE = `${ENTITIES}/update/action`;
export const DELETE = `${ENTITIES}/delete`;
export const SEND = 'Microsoft.ServiceBus/namespaces/messages/send/action';
export const RECEIVE = 'Microsoft.ServiceBus/namespaces/messages/receive/action';

/**
 * The data actions of the built-in roles on tables and queues.
 * Source: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
 */
const BUILT_IN: Record<string, readonly string[]> = {
  storageTableDataReader: [READ],
  storageTableDataContributor: [READ, ADD, CHANGE, DELETE],
  serviceBusDataReceiver: [RECEIVE],
  serviceBusDataSender: [SEND],
  // Neither a table nor the queue: blobs, storage queues, the portal, logs, metrics, the task hub.
  ...Object.fromEntries(
    [
      ...['storageBlobDataContributor', 'storageBlobDataOwner', 'storageBlobDataReader'],
      ...['storageQueueDataContributor', 'reader', 'logAnalyticsReader'],
      ...['monitoringMetricsPublisher', 'durableTaskDataContributor'],
    ].map((name) => [name, []]),
  ),
};

/** The parameters that name identities, by the variable of the environment that each comes from. */
const variables = Object.fromEntries(
  [
    ...textOf('infra/azure/main.bicepparam').matchAll(
      /^param (\w+(?:PrincipalId|GroupId)) = readEnvironmentVariable\('(\w+)'/gm,
    ),
  ].map(([, parameter = '', variable = '']) => [parameter, variable]),
);

/** Everybody besides the app whom the deployment gives roles to. */
export const identities: readonly string[] = Object.values(variables);

/** All role assignments of the compiled template. Throws on one that it cannot read, so that none is left out. */
export function grantsOfTemplate(): Grant[] {
  return resources
    .filter(({ type }) => type === 'Microsoft.Authorization/roleAssignments')
    .flatMap(({ path, properties, module, scope }) => {
      const own = JSON.stringify(properties);
      const lists = [...own.matchAll(/variables\('(on\w+)'\)/g)].map(
        ([, name = '']) => module.variables[name],
      );
      const all = `${own}${JSON.stringify(lists)}`;
      if (/'(audit|seal)-appender'/.test(all) || !/parameters\('\w+'\)/.test(all)) return [];
      const pairs = [
        ...all.matchAll(
          /'who', parameters\('(\w+)'\), 'kind', '\w+', 'role', variables\('roles'\)\.(\w+)/g,
        ),
      ];
      const found = pairs.length > 0 ? pairs : [...singles(own)];
      if (found.length === 0 && !/lambda/.test(all))
        throw new Error(`${path}: a role assignment that the test cannot read`);
      return found.map(([, parameter = '', role = '']) => {
        const actions = BUILT_IN[role];
        if (!actions) throw new Error(`${path}: the test does not know the role ${role}`);
        return { who: variables[parameter] ?? parameter, on: placeOf(scope), actions };
      });
    });
}

function* singles(own: string): Generator<RegExpMatchArray> {
  const who = /"principalId":"\[parameters\('(\w+)'\)\]"/.exec(own)?.[1];
  const role = /variables\('roles'\)\.(\w+)/.exec(own)?.[1];
  if (who !== undefined && role !== undefined) yield ['', who, role];
}

function placeOf(scope: string): Grant['on'] {
  if (scope.includes('namespaces/queues')) return { queue: true };
  if (scope.includes('blobServices')) return {};
  const account = /parameters\('(\w+)AccountName'\)/.exec(scope)?.[1];
  const table = /tableServices\/tables', .*'(\w+)'\)\]$/.exec(scope)?.[1];
  return { ...(account !== undefined && { account }), ...(table !== undefined && { table }) };
}

/** Whether one of the grants of an identity allows the action there. */
export const isAllowed = (
  grants: readonly Grant[],
  action: string,
  account?: string,
  table?: string,
): boolean =>
  grants.some(
    ({ on, actions }) =>
      actions.includes(action) &&
      (account === undefined
        ? on.queue === true
        : on.account === account && (on.table === undefined || on.table === table)),
  );
