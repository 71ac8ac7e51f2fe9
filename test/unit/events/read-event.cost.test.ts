import { readEvent } from '../../../shared/domain/events/read-event';
import { cpuMsOf } from '../../support/cpu-cost';
import { exampleEvent, SOURCE } from '../../support/events';

const LIMIT = 65_536;
const sample = JSON.stringify(exampleEvent());
const asUnknown = (json: string): string => `{"x":${json},${sample.slice(1)}`;
const asAttributes = (json: string): string =>
  JSON.stringify({ ...exampleEvent(), data: { ...exampleEvent().data, attributes: 0 } }).replace(
    '"attributes":0',
    `"attributes":${json}`,
  );
const fill = (open: string, item: (index: number) => string, close: string): string => {
  const items: string[] = [];
  for (let length = 0, index = 0; length < LIMIT - 700; index += 1) {
    items.push(item(index));
    length += item(index).length + 1;
  }
  return open + items.join(',') + close;
};
const keys = fill('{', (index) => `"${index.toString(36)}":""`, '}');
const a = (count: number): string => 'a'.repeat(count);

const worst: Record<string, string> = {
  'thousands of attributes': asAttributes(keys),
  'attributes that are an array of objects': asAttributes(fill('[', () => '{}', ']')),
  'an attribute of the greatest length': asAttributes(`{"a":"${a(LIMIT - 700)}"}`),
  'thousands of unknown members': asUnknown(keys),
  'thousands of unknown objects': asUnknown(
    fill('[', (index) => `{"${index.toString(36)}":0}`, ']'),
  ),
  'thousands of empty objects': asUnknown(fill('[', () => '{}', ']')),
  'thousands of numbers': asUnknown(fill('[', () => '0', ']')),
  'thousands of escapes': asUnknown(fill('[', () => '"\\n"', ']')),
  'one string of escapes': asUnknown(`"${'\\u0061'.repeat(10_700)}"`),
  'nesting as far as it may go': asUnknown(fill('[', () => '[[[[[[]]]]]]', ']')),
  'nesting without end': '['.repeat(LIMIT),
  'nothing but white space': ' '.repeat(LIMIT),
  'a string without end': `"${a(LIMIT - 1)}`,
  'a number without end': '1'.repeat(LIMIT),
  'a long id': sample.replace('8b5e0c3a-joined-1', a(64_000)),
  'a long source': sample.replace(SOURCE, `urn:${a(64_000)}`),
  'a long source with a flaw at its end': sample.replace(SOURCE, `urn:${a(240)}%`).padEnd(LIMIT),
  'a long zone': sample.replace('Europe/Berlin', a(64_000)),
  'a long time': sample.replace('09:30:00Z', `09:30:00.${'1'.repeat(64_000)}`),
};

test.each(Object.entries(worst))('%s cost less than 5 ms of CPU', (_, text) => {
  const body = Buffer.from(text);
  expect(body.length).toBeGreaterThan(60_000);
  expect(body.length).toBeLessThanOrEqual(LIMIT);
  expect(cpuMsOf(() => readEvent(body, { sources: [SOURCE] }), 5)).toBeLessThan(5);
});
