import { asList, asObject, textOf, type Finding, type Json, type Resource } from './template';

/**
 * The built-in roles that this installation assigns, by the expression of their scope. Any other role is a finding. The
 * audit tables have none: see the custom role.
 */
const ALLOWED: [scope: RegExp, roles: Record<string, string>][] = [
  [
    /'Microsoft.Storage\/storageAccounts', parameters\('hostAccountName'\)\)\]$/,
    {
      'b7e6dc6d-f1e8-4753-8033-0f276bb0955b': 'Storage Blob Data Owner',
      '974c5e8b-45b9-4653-ba55-5f855dd0fb88': 'Storage Queue Data Contributor',
      '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3': 'Storage Table Data Contributor',
    },
  ],
  [
    /'Microsoft.Storage\/storageAccounts', parameters\('recordsAccountName'\)\)\]$/,
    {
      '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3': 'Storage Table Data Contributor',
      '76199698-9eea-4c19-bc75-cec21354c6b6': 'Storage Table Data Reader',
    },
  ],
  [
    /storageAccounts\/tableServices\/tables', parameters\('recordsAccountName'\), 'default', 'packages'\)\]$/,
    { '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3': 'Storage Table Data Contributor' },
  ],
  [
    /storageAccounts\/tableServices\/tables', parameters\('recordsAccountName'\), 'default', 'limits'\)\]$/,
    { '76199698-9eea-4c19-bc75-cec21354c6b6': 'Storage Table Data Reader' },
  ],
  [
    /storageAccounts\/tableServices\/tables', parameters\('recordsAccountName'\), 'default', '(removals|staging)'\)\]$/,
    { '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3': 'Storage Table Data Contributor' },
  ],
  [
    /'Microsoft.Storage\/storageAccounts\/blobServices\/containers', .* 'access-model'\)\]$/,
    {
      '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1': 'Storage Blob Data Reader',
      'ba92f5b4-2d11-453d-a403-e96b0029c9fe': 'Storage Blob Data Contributor',
    },
  ],
  [
    /'Microsoft.Storage\/storageAccounts\/blobServices\/containers', .* 'reports'\)\]$/,
    {
      '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1': 'Storage Blob Data Reader',
      'ba92f5b4-2d11-453d-a403-e96b0029c9fe': 'Storage Blob Data Contributor',
    },
  ],
  [
    /'Microsoft.Storage\/storageAccounts\/blobServices\/containers', .* 'seals'\)\]$/,
    { '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1': 'Storage Blob Data Reader' },
  ],
  [
    /'Microsoft.Storage\/storageAccounts', parameters\('auditAccountName'\)\)\]$/,
    { '76199698-9eea-4c19-bc75-cec21354c6b6': 'Storage Table Data Reader' },
  ],
  [
    /'Microsoft.ServiceBus\/namespaces\/queues',/,
    {
      '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0': 'Azure Service Bus Data Receiver',
      '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39': 'Azure Service Bus Data Sender',
    },
  ],
  [
    /'Microsoft.Insights\/components',/,
    { '3913510d-42f4-4e42-8a64-420c390055eb': 'Monitoring Metrics Publisher' },
  ],
  [
    /'Microsoft.OperationalInsights\/workspaces',/,
    { '73c42c96-874c-492b-b04d-ab87d138a893': 'Log Analytics Reader' },
  ],
  [
    /'Microsoft.DurableTask\/schedulers\/taskHubs',/,
    { '0ad04412-c4d5-4796-b79c-f76d14c8d402': 'Durable Task Data Contributor' },
  ],
  // The resource group.
  [/^$/, { 'acdd72a7-3385-48ef-bd42-f606fba81ae7': 'Reader' }],
];

/** Powerful roles, so that a finding can name them. */
const POWERFUL: Record<string, string> = {
  '8e3af657-a8ff-443c-a75c-2fe8c4bcb635': 'Owner',
  'b24988ac-6180-42a0-ab88-20f7382dd24c': 'Contributor',
  '18d7d88d-d35e-4fb5-a5c3-7773c20a72d9': 'User Access Administrator',
  'f58310d9-a9f6-439a-9e8d-f62e7b41a168': 'Role Based Access Control Administrator',
  '090c5cfd-751d-490a-894a-3ce6f1109419': 'Azure Service Bus Data Owner',
  '17d1049b-9a84-46fb-8f53-869881c3d3ab': 'Storage Account Contributor',
};

const NAMES = ALLOWED.reduce((names, [, roles]) => ({ ...names, ...roles }), POWERFUL);

/** Roles that are not allowed at their scope, and role assignments whose role cannot be determined. */
export function findRoles(resources: Resource[]): Finding[] {
  return resources
    .filter(({ type }) => type === 'Microsoft.Authorization/roleAssignments')
    .flatMap((resource) => {
      const { path, scope } = resource;
      const text = roleText(resource);
      if (CUSTOM.test(text)) return [];
      const roles = rolesIn(text, resource.module.variables['roles']);
      if (roles.length === 0)
        return [{ where: path, what: 'assigns a role that cannot be determined' }];
      const allowed = ALLOWED.find(([pattern]) => pattern.test(scope))?.[1] ?? {};
      return roles
        .filter((id) => !(id in allowed))
        .map((id) => ({ where: path, what: `assigns the role ${NAMES[id] ?? 'unknown'} (${id})` }));
    });
}

/** Part of the expression for the name of a custom role, in its definition and its assignments. */
const CUSTOM = /'(audit|seal)-appender'\)/;

/** The expression of the role, with the text of the variables in it. */
function roleText({ properties, module }: Resource): string {
  const own = textOf(properties['roleDefinitionId']);
  const used = [...own.matchAll(/variables\('(\w+)'\)/g)].map(([, name = '']) => name);
  const lists = used.filter((name) => name !== 'roles').map((name) => module.variables[name]);
  return [own, ...lists.map((list) => JSON.stringify(list))].join();
}

const GUID = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi;

function rolesIn(text: string, roles: Json | undefined): string[] {
  const named = [...text.matchAll(/variables\('roles'\)\.(\w+)/g)].map(([, name = '']) =>
    textOf(asObject(roles)[name]),
  );
  const written = [...text.matchAll(GUID)].map(([id]) => id);
  return [...new Set([...named, ...written].map((id) => id.toLowerCase()))];
}

const ENTITIES = 'Microsoft.Storage/storageAccounts/tableServices/tables/entities';
const BLOBS = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs';
const APPENDER = [ENTITIES, BLOBS].flatMap((what) => [`${what}/read`, `${what}/add/action`]);

/** The app's roles on the audit tables and on the seals must be custom ones that only add and read. */
export function findCustomRoles(resources: Resource[]): Finding[] {
  const custom = resources.filter(({ type }) => type === 'Microsoft.Authorization/roleDefinitions');
  if (custom.length < 2)
    return [{ where: 'access', what: 'there is no role that only adds to the audit' }];
  return custom.flatMap(({ path, properties }) =>
    asList(properties['permissions']).flatMap((each) => {
      const { actions, dataActions } = asObject(each);
      const actionsAllowed = [...asList(actions), ...asList(dataActions)].map(textOf);
      return actionsAllowed
        .filter((action) => !APPENDER.includes(action))
        .map((action) => ({ where: path, what: `the audit's writer can do ${action}` }));
    }),
  );
}
