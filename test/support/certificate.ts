import { generateKeyPairSync, sign } from 'node:crypto';

// A server that takes tokens has to have TLS, and Node signs certificates for nobody: one of a few fields is written here.

const der = (tag: number, ...content: Uint8Array[]): Buffer => {
  const body = Buffer.concat(content);
  const length = body.length < 0x80 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
};
const sequence = (...content: Uint8Array[]): Buffer => der(0x30, ...content);
const objectIdOf = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const bits = (bytes: Uint8Array): Buffer => der(0x03, Buffer.from([0]), bytes);

const COMMON_NAME = objectIdOf('550403');
const ALTERNATIVE_NAMES = objectIdOf('551d11');
const ECDSA_WITH_SHA256 = sequence(objectIdOf('2a8648ce3d040302'));
/** Loopback, as an IP address. */
const NAMES = sequence(der(0x87, Buffer.from([127, 0, 0, 1])));

/** A self-signed certificate for 127.0.0.1 and its key, in PEM. It is the same for no two calls, and no secret. */
export function selfSigned(): { certificate: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from('joinery-test')))));
  const time = (text: string): Buffer => der(0x18, Buffer.from(text));
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ...[ECDSA_WITH_SHA256, name],
    sequence(time('20200101000000Z'), time('20991231235959Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(sequence(ALTERNATIVE_NAMES, der(0x04, NAMES)))),
  );
  const signature = sign('sha256', content, privateKey);
  const text = sequence(content, ECDSA_WITH_SHA256, bits(signature)).toString('base64');
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
