import { caller, nameIn, propertyIn, type Dialect } from '../dialects/dialect';
import type { Call } from '../http/routes';
import { instant, type Entity, type Navigation } from '../odata/present';

export type Values<Row> = Record<string, (row: Row, call: Call) => unknown>;
type Navigations<Row> = Record<string, Navigation<Row>>;

/**
 * An entity of entitlement management in one dialect. Its members have their v1.0 names here. What the model of the dialect
 * does not declare is not shown, so members of beta can be listed with those of v1.0.
 */
export const entityIn = <Row>(
  dialect: Dialect,
  type: string,
  values: Values<Row>,
  navigation: Navigations<Row> = {},
): Entity<Row> => ({
  model: dialect.model,
  type,
  properties: declaredProperties(dialect, type, values),
  navigation: declaredNavigation(dialect, type, navigation),
});

type Described = { id: string; displayName: string | null; description: string | null };

export const described = {
  id: ({ id }: Described) => id,
  displayName: ({ displayName }: Described) => displayName,
  description: ({ description }: Described) => description,
};

/** When a row was created and changed, and in beta by which user. */
export const times = <Row extends { createdAt: number; modifiedAt?: number }>(
  modifiedAt = (row: Row): number | undefined => row.modifiedAt,
): Values<Row> => ({
  createdBy: () => caller,
  createdDateTime: ({ createdAt }) => instant(createdAt),
  modifiedBy: () => caller,
  modifiedDateTime: (row) => instant(modifiedAt(row)),
});

/** The values that the type declares, by the names of the dialect. */
function declaredProperties<Row>(dialect: Dialect, type: string, values: Values<Row>) {
  const shown = Object.entries(values).flatMap(([name, value]) => {
    const actual = propertyIn(dialect, type, name);
    return actual === null ? [] : [[actual, value] as const];
  });
  return (row: Row, call: Call): Record<string, unknown> => {
    const properties: Record<string, unknown> = {};
    for (const [name, value] of shown) properties[name] = value(row, call);
    return properties;
  };
}

function declaredNavigation<Row>(
  dialect: Dialect,
  type: string,
  navigation: Navigations<Row>,
): Navigations<Row> {
  const declared = dialect.model.types[type]?.navigation ?? {};
  return Object.fromEntries(
    Object.entries(navigation)
      .map(([name, follow]) => [nameIn(dialect, name), follow] as const)
      .filter(([name]) => Object.hasOwn(declared, name)),
  );
}
