/**
 * TensorBoard's event files, scalars only: TFRecords (length, its checksum, bytes, their checksum) of `Event` messages.
 * Our own writer because the libraries that have one bring TensorFlow bindings of their own; the format is four fields.
 */

import os from "node:os";
import path from "node:path";
import { openLogFile } from "../files/log-file";

export interface EventWriter {
  /** One point on each curve. */
  scalars(step: number, values: Readonly<Record<string, number>>): Promise<void>;
  close(): Promise<void>;
}

let files = 0;

/**
 * @param resumedFrom steps done before; TensorBoard then forgets later points of an earlier attempt
 * @param warn called once, where something cannot be written; nothing is thrown
 */
export async function openEventWriter(
  folder: string,
  resumedFrom: number,
  warn: (message: string) => void,
): Promise<EventWriter> {
  const seconds = Date.now() / 1000;
  const name = `events.out.tfevents.${Math.floor(seconds)}.${os.hostname()}.${process.pid}.${files++}`;
  const event = (...fields: Uint8Array[]): Buffer => record(Buffer.concat([double(1, Date.now() / 1000), ...fields]));
  const START = 1;
  const restart = resumedFrom > 0 ? [event(integer(2, resumedFrom + 1), bytes(7, integer(1, START)))] : [];
  const begin = Buffer.concat([event(bytes(3, Buffer.from("brain.Event:2"))), ...restart]);
  const log = await openLogFile(path.join(folder, name), begin, warn);
  return {
    scalars: (step, values) => {
      const points = Object.entries(values).map(([tag, value]) =>
        bytes(1, Buffer.concat([bytes(1, Buffer.from(tag)), float(2, value)])),
      );
      return log.append(event(integer(2, step), bytes(5, Buffer.concat(points))));
    },
    close: log.close,
  };
}

/** A TFRecord. */
function record(content: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(content.length));
  return Buffer.concat([length, checksum(length), content, checksum(content)]);
}

/** CRC-32C, rotated and shifted as TFRecords want it. */
function checksum(content: Uint8Array): Buffer {
  let crc = 0xffffffff;
  for (const byte of content) crc = castagnoli[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  crc = ~crc >>> 0;
  const out = Buffer.alloc(4);
  out.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  return out;
}

const castagnoli = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

// Fields of a protocol buffer: key (number · 8 + wire type), then the value.

function varint(value: number): Buffer {
  const out: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...out, rest]);
    out.push((rest % 128) + 128);
  }
}

function integer(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

function double(field: number, value: number): Buffer {
  const content = Buffer.alloc(8);
  content.writeDoubleLE(value);
  return Buffer.concat([varint(field * 8 + 1), content]);
}

function bytes(field: number, content: Uint8Array): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
}

function float(field: number, value: number): Buffer {
  const content = Buffer.alloc(4);
  content.writeFloatLE(value);
  return Buffer.concat([varint(field * 8 + 5), content]);
}
