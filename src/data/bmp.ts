/** Windows bitmaps, which sharp does not read: 1, 4 and 8 bits with a palette, 24 and 32 bits, not compressed. */

import { expected, UserError } from "../errors";
import { MAX_PIXELS } from "./bounded-file";

const FILE_HEADER = 14;
const INFO_HEADER = 40;

export function isBmp(bytes: Uint8Array): boolean {
  return bytes.length >= FILE_HEADER + INFO_HEADER && bytes[0] === 0x42 && bytes[1] === 0x4d;
}

/** @throws UserError "input" for compressed or cut off files and for more than MAX_PIXELS pixels */
export function decodeBmp(bytes: Uint8Array, where: string): { width: number; height: number; data: Uint8Array } {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [offset, headerBytes] = [file.readUInt32LE(10), file.readUInt32LE(14)];
  const [width, signedHeight] = [file.readInt32LE(18), file.readInt32LE(22)];
  const [depth, compression, used] = [file.readUInt16LE(28), file.readUInt32LE(30), file.readUInt32LE(46)];
  const height = Math.abs(signedHeight); // negative: the first row is the topmost
  if (headerBytes < INFO_HEADER || ![1, 4, 8, 24, 32].includes(depth) || !isPlain(compression, depth, file))
    throw expected(
      "input",
      "an uncompressed bitmap of 1, 4, 8, 24 or 32 bits",
      `${depth} bits, compression ${compression}: convert it to PNG`,
      where,
    );
  if (!(width >= 1 && height >= 1 && width * height <= MAX_PIXELS))
    throw expected("input", `an image of 1 to ${MAX_PIXELS} pixels`, `${width}×${signedHeight}`, where);
  const stride = 4 * Math.ceil((width * depth) / 32);
  if (!(offset + stride * height <= file.length))
    throw new UserError("input", `cannot decode image: the bitmap is truncated (${where})`);
  const palette = file.subarray(
    FILE_HEADER + headerBytes,
    FILE_HEADER + headerBytes + 4 * (used || 1 << Math.min(depth, 8)),
  );
  const data = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    const row = offset + stride * (signedHeight < 0 ? y : height - 1 - y);
    for (let x = 0; x < width; x++) {
      const to = 3 * (y * width + x);
      if (depth >= 24) copyColour(file, row + (x * depth) / 8, data, to);
      else copyColour(palette, 4 * indexAt(file, row, x, depth), data, to);
    }
  }
  return { width, height, data };
}

/** Not compressed, or with bit masks that say the usual order of blue, green, red. */
function isPlain(compression: number, depth: number, file: Buffer): boolean {
  if (compression === 0) return true;
  const at = FILE_HEADER + INFO_HEADER;
  if (compression !== 3 || depth !== 32 || file.length < at + 12) return false;
  return [0xff0000, 0xff00, 0xff].every((mask, i) => file.readUInt32LE(at + 4 * i) === mask);
}

/** Blue, green, red become red, green, blue; a colour beyond the palette is black. */
function copyColour(from: Uint8Array, at: number, to: Uint8Array, place: number): void {
  for (let c = 0; c < 3; c++) to[place + c] = from[at + 2 - c] ?? 0;
}

function indexAt(file: Uint8Array, row: number, x: number, depth: number): number {
  const bit = x * depth;
  return (file[row + (bit >> 3)] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}
