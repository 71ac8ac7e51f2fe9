/** A frame of AMQP 1.0 as it came, and what it does; `undefined` for protocol headers and SASL frames. */
export type Frame = { bytes: Buffer; performative: number | undefined };

/** The performatives that concern a message (AMQP 1.0 part 2, 2.7.5 and 2.7.6). */
export const TRANSFER = 0x14;
export const DISPOSITION = 0x15;

const AMQP_TYPE = 0;

/** Cuts a stream into frames: 4 bytes of size, 1 of data offset in words, 1 of type, 2 of channel, then the performative. */
export function createFrameCutter(): (chunk: Buffer) => Frame[] {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const frames: Frame[] = [];
    for (;;) {
      const isHeader = rest.subarray(0, 4).toString('latin1') === 'AMQP';
      const size = isHeader ? 8 : rest.length >= 8 ? rest.readUInt32BE(0) : Infinity;
      if (rest.length < Math.max(size, 8)) return frames;
      const bytes = rest.subarray(0, size);
      rest = rest.subarray(size);
      frames.push({ bytes, performative: isHeader ? undefined : performativeOf(bytes) });
    }
  };
}

/** A described list: 0x00, then the descriptor as smallulong (0x53) and its one byte. An empty frame is a heartbeat. */
function performativeOf(frame: Buffer): number | undefined {
  const at = (frame[4] ?? 0) * 4;
  const isDescribed = frame[5] === AMQP_TYPE && frame[at] === 0x00 && frame[at + 1] === 0x53;
  return isDescribed ? frame[at + 2] : undefined;
}
