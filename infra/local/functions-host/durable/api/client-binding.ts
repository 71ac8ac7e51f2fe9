/** Where the durable management API is, under its two names. */
export const WEBHOOK_PATH = '/runtime/webhooks/durabletask';
export const RPC_PATH = '/durabletask';

/**
 * What the `durableClient` input binding gives to an app. The SDK calls `rpcBaseUrl`; the other addresses are the ones
 * it hands out to callers of the app.
 */
export function clientBinding(origin: string, taskHubName: string) {
  const baseUrl = `${origin}${WEBHOOK_PATH}`;
  const key = 'code=local';
  const query = `taskHub=${taskHubName}&connection=Storage&${key}`;
  const create = `${baseUrl}/orchestrators/{functionName}[/{instanceId}]`;
  const instance = `${baseUrl}/instances/INSTANCEID`;
  return {
    taskHubName,
    creationUrls: {
      createNewInstancePostUri: `${create}?${key}`,
      createAndWaitOnNewInstancePostUri: `${create}?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}&${key}`,
    },
    managementUrls: {
      id: 'INSTANCEID',
      statusQueryGetUri: `${instance}?${query}`,
      sendEventPostUri: `${instance}/raiseEvent/{eventName}?${query}`,
      terminatePostUri: `${instance}/terminate?reason={text}&${query}`,
      rewindPostUri: `${instance}/rewind?reason={text}&${query}`,
      purgeHistoryDeleteUri: `${instance}?${query}`,
      restartPostUri: `${instance}/restart?${query}`,
      suspendPostUri: `${instance}/suspend?reason={text}&${query}`,
      resumePostUri: `${instance}/resume?reason={text}&${query}`,
    },
    baseUrl,
    requiredQueryStringParameters: key,
    rpcBaseUrl: `${origin}${RPC_PATH}/`,
  };
}

/** The addresses of one instance. */
export function managementUrls(origin: string, taskHubName: string, instanceId: string) {
  const { managementUrls: urls } = clientBinding(origin, taskHubName);
  return Object.fromEntries(
    Object.entries(urls).map(([name, url]) => [name, url.replace('INSTANCEID', instanceId)]),
  );
}
