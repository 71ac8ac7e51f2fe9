/** A weakness or fault: where (file and line, or path of resources) and what. */
export type Finding = { where: string; what: string };

/** A value of a template's JSON. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
export type JsonObject = Record<string, Json>;

/** A resource of the template or of a module in it. */
export type Resource = {
  /** Its symbols from the top, such as `storage/audit/account`. */
  path: string;
  type: string;
  /** `properties`, with literal values in place of the parameters and variables that have one. */
  properties: JsonObject;
  /** Expression that names the resource that a lock, role assignment or diagnostic setting extends. */
  scope: string;
  /** Its own or that of its module: `true` if there is none, an expression if only the deployment can evaluate it. */
  condition: Json;
  module: Module;
};

/** One template: the main one, or a module with its parameters. */
export type Module = { path: string; parameters: JsonObject; variables: JsonObject };

/** Every resource of a compiled template, including those of its modules: once for each use of a module. */
export function resourcesOf(template: JsonObject): Resource[] {
  return resourcesIn(template, { path: '', parameters: {}, variables: variablesOf(template) });
}

function resourcesIn(template: JsonObject, module: Module): Resource[] {
  const resources = Object.entries(objectAt(template, 'resources'));
  return resources.flatMap(([symbol, each]) => {
    const resource = asObject(each);
    const path = `${module.path}${symbol}`;
    const properties = asObject(resolve(resource['properties'] ?? {}, module));
    const condition = resolve(resource['condition'] ?? true, module);
    if (resource['type'] === 'Microsoft.Resources/deployments') {
      const nested = asObject(asObject(resource['properties'])['template']);
      const inside = resourcesIn(nested, {
        path: `${path}/`,
        parameters: parametersOf(properties),
        variables: variablesOf(nested),
      });
      return condition === true ? inside : inside.map((each) => ({ ...each, condition }));
    }
    if (resource['existing'] === true) return [];
    const scope = textOf(resource['scope']);
    return [{ path, type: typeOf(resource), properties, scope, condition, module }];
  });
}

/** The settings of a site share one type and differ in their name: here the type is `.../config/appsettings`. */
function typeOf(resource: JsonObject): string {
  const type = textOf(resource['type']);
  const [, name = ''] = /'(\w+)'\)\]$/.exec(textOf(resource['name'])) ?? [];
  return type === 'Microsoft.Web/sites/config' ? `${type}/${name}` : type;
}

const variablesOf = (template: JsonObject): JsonObject => objectAt(template, 'variables');

function parametersOf(deployment: JsonObject): JsonObject {
  const parameters = Object.entries(objectAt(deployment, 'parameters'));
  return Object.fromEntries(
    parameters.map(([name, parameter]) => [name, asObject(parameter)['value'] ?? null]),
  );
}

/** Replaces parameters and variables with their literal values. Any other expression stays as it is. */
function resolve(value: Json, module: Module): Json {
  if (Array.isArray(value)) return value.map((each) => resolve(each, module));
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value).filter(([name]) => name !== 'template');
    return Object.fromEntries(members.map(([name, each]) => [name, resolve(each, module)]));
  }
  const [, kind, name = ''] =
    /^\[(parameters|variables)\('(\w+)'\)\]$/.exec(typeof value === 'string' ? value : '') ?? [];
  const known = kind === 'parameters' ? module.parameters : module.variables;
  return kind ? (known[name] ?? value) : value;
}

export const asObject = (value: Json | undefined): JsonObject =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};

export const asList = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);

export const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/** The object at a path of members, `{}` if there is none. */
export const objectAt = (value: Json, ...path: string[]): JsonObject =>
  path.reduce((at, member) => asObject(at[member]), asObject(value));
