import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import zlib from "node:zlib";
import { encode } from "fast-png";
import { checkLabel, decodeLabel, encodeLabel, type LabelMap, readLabel, writeLabel } from "../src/data/label-png";
import { VOC } from "../src/data/voc";

const label: LabelMap = { width: 3, height: 2, data: Uint8Array.of(0, 1, 20, 255, 7, 254) };

function chunk(type: string, body: Uint8Array): Buffer {
  const bytes = Buffer.alloc(12 + body.length);
  bytes.writeUInt32BE(body.length, 0);
  bytes.write(type, 4, "latin1");
  bytes.set(body, 8);
  bytes.writeUInt32BE(crc(bytes.subarray(4, 8 + body.length)), 8 + body.length);
  return bytes;
}

function crc(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  return (c ^ 0xffffffff) >>> 0;
}

/** A PNG by hand: header fields, packed rows with their filter bytes. */
function png(
  width: number,
  height: number,
  depth: number,
  colourType: number,
  rows: Uint8Array,
  more: Buffer[] = [],
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colourType, 0, 0, 0], 8);
  const palette = colourType === 3 ? [chunk("PLTE", new Uint8Array(3 * 2 ** depth))] : [];
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", header),
    ...palette,
    ...more,
    chunk("IDAT", zlib.deflateSync(rows)),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

test("indices survive the round trip, with the palette's colours beside them", async () => {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "label-"));
  const file = path.join(folder, "made/x.png");
  await writeLabel(file, label, VOC.palette);
  assert.deepEqual(await readLabel(file), label);
  assert.deepEqual(await fs.readdir(path.dirname(file)), ["x.png"]);
  assert.deepEqual(encodeLabel(label, VOC.palette), encodeLabel(label, VOC.palette.slice(0, 21)));
  await fs.rm(folder, { recursive: true });
});

test("8-bit grey holds the values themselves", () => {
  const bytes = encode({ ...label, depth: 8, channels: 1 });
  assert.deepEqual([...decodeLabel(bytes, "x").data], [...label.data]);
});

test("packed palettes of 1, 2 and 4 bits are unpacked row by row", () => {
  const one = png(3, 2, 1, 3, Uint8Array.of(0, 0b10100000, 0, 0b01000000));
  assert.deepEqual([...decodeLabel(one, "x").data], [1, 0, 1, 0, 1, 0]);
  const two = png(5, 1, 2, 3, Uint8Array.of(0, 0b00011011, 0b11000000));
  assert.deepEqual([...decodeLabel(two, "x").data], [0, 1, 2, 3, 3]);
  const four = png(3, 1, 4, 3, Uint8Array.of(0, 0x1f, 0x20));
  assert.deepEqual([...decodeLabel(four, "x").data], [1, 15, 2]);
});

test("what is no label is named by its kind", () => {
  const refused: [Buffer, RegExp][] = [
    [png(1, 1, 8, 2, Uint8Array.of(0, 1, 2, 3)), /8-bit RGB PNG/],
    [png(1, 1, 8, 6, Uint8Array.of(0, 1, 2, 3, 4)), /8-bit RGBA PNG/],
    [png(1, 1, 16, 0, Uint8Array.of(0, 1, 2)), /16-bit grey PNG/],
    [png(1, 1, 1, 0, Uint8Array.of(0, 128)), /1-bit grey PNG/],
    [Buffer.from("GIF89a and so on, long enough to have a header"), /another format/],
    [Buffer.alloc(0), /another format/],
  ];
  for (const [bytes, message] of refused) assert.throws(() => decodeLabel(bytes, "here.png"), message);
});

test("hostile and broken files end in an error, not in memory", () => {
  const huge = png(0x7fffffff, 0x7fffffff, 8, 3, Uint8Array.of(0));
  assert.throws(() => decodeLabel(huge, "x"), /1 to 134217728 pixels/);
  const bomb = png(4, 4, 8, 3, new Uint8Array(1 << 24));
  assert.throws(() => decodeLabel(bomb, "x"), /cannot decode label/);
  const short = png(4, 4, 8, 3, new Uint8Array(7));
  assert.throws(() => decodeLabel(short, "x"), /7 of 20 bytes/);
  const profile = Buffer.concat([Buffer.from("p\0\0"), zlib.deflateSync(new Uint8Array(1 << 24))]);
  const loud = png(1, 1, 8, 3, Uint8Array.of(0, 5), [chunk("iCCP", profile), chunk("tRNS", new Uint8Array(300))]);
  assert.deepEqual([...decodeLabel(loud, "x").data], [5]);
  const whole = png(4, 4, 8, 3, new Uint8Array(20));
  for (let length = 8; length < whole.length; length++)
    assert.throws(() => decodeLabel(whole.subarray(0, length), "x"), { name: "UserError" });
  const flipped = Buffer.from(whole);
  flipped[flipped.length - 20] ^= 1;
  assert.throws(() => decodeLabel(flipped, "x"), { name: "UserError" });
});

test("labels are checked against image and data set", () => {
  const good: LabelMap = { width: 2, height: 1, data: Uint8Array.of(20, 255) };
  checkLabel(good, { width: 2, height: 1 }, VOC, "x");
  assert.throws(() => checkLabel(good, { width: 1, height: 2 }, VOC, "x"), /1×2 pixels, as its image, got 2×1/);
  const odd: LabelMap = { width: 2, height: 1, data: Uint8Array.of(21, 254) };
  assert.throws(() => checkLabel(odd, { width: 2, height: 1 }, VOC, "x"), /0 to 20 or 255, got 21, 254/);
});
