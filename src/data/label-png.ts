/**
 * Label maps as 8-bit PNG: what counts is the index of each pixel, not its colour, so sharp (which hands out colours)
 * cannot read them. Palette PNG is written; palette and 8-bit grey PNG are read.
 */

import zlib from "node:zlib";
import { decode, encode } from "fast-png";
import { writeAtomic } from "../atomic-write";
import { expected, messageOf, UserError } from "../errors";
import { MAX_PIXELS, readBounded } from "./bounded-file";
import type { Colour, DatasetDescription, ImageSize } from "./dataset";
import { vocPalette } from "./voc";

/** Row-major class indices: `data[y · width + x]`. */
export interface LabelMap {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

const MAX_BYTES = 1 << 28;
const SIGNATURE = "89504e470d0a1a0a";
const INDEXED = 3;
const GREY = 0;
const COLOUR_TYPES: Readonly<Record<number, string>> = {
  0: "grey",
  2: "RGB",
  3: "palette",
  4: "grey + alpha",
  6: "RGBA",
};

/**
 * Reads the indices of a palette PNG (1, 2, 4 or 8 bits) or the values of an 8-bit grey one.
 * @throws UserError "input" for any other PNG (its kind is named), a truncated, damaged or oversized one, or another format
 */
export async function readLabel(file: string): Promise<LabelMap> {
  return decodeLabel(await readBounded(file, MAX_BYTES, "label"), file);
}

/** The same from bytes. */
export function decodeLabel(bytes: Uint8Array, where: string): LabelMap {
  const png = readChunks(bytes, where);
  const { width, height, depth } = png;
  try {
    inflateBounded(png);
    const { data } = decode(png.essential, { checkCrc: true });
    return {
      width,
      height,
      data: depth === 8 ? (data as Uint8Array) : unpack(data as Uint8Array, width, height, depth),
    };
  } catch (error) {
    throw new UserError("input", `cannot decode label: ${messageOf(error)} (${where})`, { cause: error });
  }
}

/** Palette PNG bytes whose indices are the label's. The same label always gives the same bytes. */
export function encodeLabel(label: LabelMap, palette: readonly Colour[]): Uint8Array {
  const { width, height, data } = label;
  if (data.length !== width * height)
    throw expected("output", `a label of ${width}×${height} pixels`, `${data.length} values`, "encodeLabel");
  const colours = vocPalette(256).map((colour, index) => [...(palette[index] ?? colour)]);
  return encode({ width, height, data, depth: 8, channels: 1, palette: colours });
}

/** Writes a label as palette PNG, whole or not at all. @throws UserError "output" */
export async function writeLabel(file: string, label: LabelMap, palette: readonly Colour[]): Promise<void> {
  await writeAtomic(file, encodeLabel(label, palette));
}

/**
 * Checks a label against its image and data set.
 * @throws UserError "input" for another size, and for values that are neither a class nor the ignore value
 */
export function checkLabel(label: LabelMap, size: ImageSize, dataset: DatasetDescription, where: string): void {
  if (label.width !== size.width || label.height !== size.height)
    throw expected(
      "input",
      `a label of ${size.width}×${size.height} pixels, as its image`,
      `${label.width}×${label.height}`,
      where,
    );
  const seen = new Uint8Array(256);
  for (const value of label.data) seen[value] = 1;
  const count = dataset.classes.length;
  const unknown = [...seen.keys()].filter((value) => seen[value] === 1 && value >= count && value !== dataset.ignore);
  if (unknown.length > 0)
    throw expected(
      "input",
      `label values 0 to ${count - 1} or ${dataset.ignore}`,
      unknown.slice(0, 8).join(", "),
      where,
    );
}

// --- internal ---

interface PngChunks {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly interlaced: boolean;
  /** The concatenated, still compressed pixels. */
  readonly compressed: Uint8Array;
  /** The file without its ancillary chunks: they may be damaged, or unpack to anything. */
  readonly essential: Uint8Array;
}

/** Walks the chunks and refuses what is no label before anything is unpacked. */
function readChunks(bytes: Uint8Array, where: string): PngChunks {
  const wrong = (got: string): UserError => expected("input", "an 8-bit palette or grey PNG as label", got, where);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.toString("hex", 0, 8) !== SIGNATURE) throw wrong("another format");
  if (buffer.length < 33 || buffer.toString("latin1", 12, 16) !== "IHDR") throw wrong("a PNG without a header");
  const [width, height] = [buffer.readUInt32BE(16), buffer.readUInt32BE(20)];
  const [depth, colourType, interlace] = [buffer[24], buffer[25], buffer[28]];
  const kind = `${depth}-bit ${COLOUR_TYPES[colourType] ?? "unknown"} PNG`;
  if (!(colourType === INDEXED ? [1, 2, 4, 8] : colourType === GREY ? [8] : []).includes(depth)) throw wrong(kind);
  if (width < 1 || height < 1 || width * height > MAX_PIXELS)
    throw expected("input", `a label of 1 to ${MAX_PIXELS} pixels`, `${width}×${height}`, where);
  const compressed: Buffer[] = [];
  const essential: Buffer[] = [buffer.subarray(0, 8)];
  for (let at = 8, type = ""; type !== "IEND"; ) {
    const end = at + 12 + (at + 8 <= buffer.length ? buffer.readUInt32BE(at) : Number.NaN);
    if (!(end <= buffer.length)) throw new UserError("input", `label is truncated (${where})`);
    type = buffer.toString("latin1", at + 4, at + 8);
    if (["IHDR", "PLTE", "IDAT", "IEND"].includes(type)) essential.push(buffer.subarray(at, end));
    if (type === "IDAT") compressed.push(buffer.subarray(at + 8, end - 4));
    at = end;
  }
  return {
    width,
    height,
    depth,
    interlaced: interlace !== 0,
    compressed: Buffer.concat(compressed),
    essential: Buffer.concat(essential),
  };
}

/** Unpacks once with a bound, so that the decoder, which has none, never sees pixels that grow beyond the header's size. */
function inflateBounded({ width, height, depth, interlaced, compressed }: PngChunks): void {
  const size = height * (1 + Math.ceil((width * depth) / 8));
  // Adam7's seven passes have at most 15/8 · (height + 8) lines, each with a filter byte and a part-filled last byte
  const bound = interlaced ? size + 2 * (height + 8) * 2 : size;
  const { length } = zlib.inflateSync(compressed, { maxOutputLength: bound });
  if (length < size && !interlaced) throw new Error(`${length} of ${size} bytes of pixels`);
}

/** 1, 2 or 4 bits a pixel, the leftmost in the highest bits, each row from a new byte. */
function unpack(packed: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  const data = new Uint8Array(width * height);
  const stride = Math.ceil((width * depth) / 8);
  const mask = (1 << depth) - 1;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      data[y * width + x] = (packed[y * stride + (bit >> 3)] >> (8 - depth - (bit & 7))) & mask;
    }
  return data;
}
