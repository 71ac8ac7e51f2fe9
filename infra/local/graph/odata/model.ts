/**
 * Types as the metadata declares them. The type of a member is a primitive of OData, an enumeration or a type of this
 * model. `[x]` is a collection of x, and `!` after a type forbids null.
 */
export type EntityModel = {
  types: Record<string, TypeModel>;
  enums: Record<string, readonly string[]>;
};

export type TypeModel = {
  base?: string;
  abstract?: true;
  properties: Record<string, string>;
  /** Members that are other entities. They appear only if they are expanded. */
  navigation?: Record<string, string>;
};

/** All members of a type, inherited ones included. */
export function membersOf(model: EntityModel, name: string): Record<string, string> {
  const { base, properties, navigation } = typeOf(model, name);
  const inherited = base === undefined ? {} : membersOf(model, base);
  return { ...inherited, ...properties, ...navigation };
}

export function typeOf(model: EntityModel, name: string): TypeModel {
  const type = model.types[name];
  if (type === undefined) throw new Error(`The model has no type ${name}`);
  return type;
}

/** Whether a type is the other or inherits from it. */
export function isA(model: EntityModel, name: string, ancestor: string): boolean {
  if (name === ancestor) return true;
  const base = model.types[name]?.base;
  return base !== undefined && isA(model, base, ancestor);
}
