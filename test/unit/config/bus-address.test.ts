import { busAddress } from '../../../shared/config/config';

test.each([
  ['Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=b', 5671],
  ['SharedAccessKeyName=a;SharedAccessKey=b;Endpoint=sb://acme.servicebus.windows.net', 5671],
  ['Endpoint=sb://acme.servicebus.windows.net;UseDevelopmentEmulator=true;', 5672],
  ['Endpoint=sb://acme.servicebus.windows.net:5673;UseDevelopmentEmulator=true;', 5673],
])('the address in %s', (connection, port) => {
  const address = { host: 'acme.servicebus.windows.net', port };
  expect(busAddress(connection, undefined)).toEqual(address);
});

test('a namespace by its name is reached by TLS', () => {
  const name = 'acme.servicebus.windows.net';
  expect(busAddress(undefined, name)).toEqual({ host: name, port: 5671 });
  expect(busAddress('', name)).toEqual({ host: name, port: 5671 });
});

test.each([undefined, '', 'nonsense', 'Endpoint=nowhere'])('no address in %p', (connection) => {
  expect(busAddress(connection, undefined)).toBeUndefined();
});
