import { GraphError } from '../../../shared/graph/errors';
import { literal, propertyPath, segment } from '../../../shared/graph/odata';

test('a quote in a value cannot end the literal', () => {
  expect(literal("O'Brien' or '1' eq '1")).toBe("'O''Brien'' or ''1'' eq ''1'");
});

test.each(['line\nbreak', 'nul\u0000', 'x'.repeat(1025)])(
  'a value that no name or id has is refused (%#)',
  (value) => {
    expect(() => literal(value)).toThrow(GraphError);
  },
);

test.each(['employeeId', 'onPremisesExtensionAttributes/extensionAttribute1'])(
  'a person can be matched by %s',
  (attribute) => {
    expect(propertyPath(attribute)).toBe(attribute);
  },
);

test.each(["id eq 'x' or mail", 'a/b/c', '', '1a', 'mail)'])(
  'no attribute is called "%s"',
  (attribute) => {
    expect(() => propertyPath(attribute)).toThrow(GraphError);
  },
);

test.each(['..', '.', '', 'a/b', 'a?b', 'a#b', 'a%2fb'])('no id is "%s"', (id) => {
  expect(() => segment(id)).toThrow(GraphError);
});

test('ids of role scopes are two ids joined', () => {
  const id = '0b5c1111-0000-4000-8000-000000000001_0b5c2222-0000-4000-8000-000000000002';
  expect(segment(id)).toBe(id);
});
