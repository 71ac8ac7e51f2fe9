import { uuidV5 } from '../../../shared/domain/events/keys';

const DNS = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';

test('a name-based id is that of the examples of RFC 9562', () => {
  expect(uuidV5(DNS, 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
});

test('another name or another namespace has another id', () => {
  const id = uuidV5(DNS, 'joinery:a:1:finance');
  expect(uuidV5(DNS, 'joinery:a:2:finance')).not.toBe(id);
  expect(uuidV5('6ba7b811-9dad-11d1-80b4-00c04fd430c8', 'joinery:a:1:finance')).not.toBe(id);
});
