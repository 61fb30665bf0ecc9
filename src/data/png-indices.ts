/**
 * PNG pixels as indices: palette images of 1 to 8 bits and grey ones of 8, plain or interlaced (Adam7). Libraries hand out
 * colours, or fail at interlaced rows of less than 8 bits; and what a file says of itself is checked here before anything is
 * unpacked: one header, checksums, as many pixels as it announces.
 */

import zlib from "node:zlib";
import { expected, UserError } from "../errors";
import { MAX_PIXELS } from "./bounded-file";

export interface PngIndices {
  readonly width: number;
  readonly height: number;
  /** Row-major. */
  readonly data: Uint8Array;
  /** Red, green, blue of each index, where the file has a palette. */
  readonly palette?: Uint8Array;
  /** Notes of the file (tEXt) by their keyword. */
  readonly notes: ReadonlyMap<string, string>;
}

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
/** Notes longer than this are not ours. */
const MAX_NOTE_BYTES = 200;

/** @throws UserError "input" for any other PNG (its kind is named), a truncated, damaged, contradictory or oversized one */
export function decodePngIndices(bytes: Uint8Array, where: string): PngIndices {
  const { width, height, depth, interlaced, compressed, palette, notes } = readChunks(bytes, where);
  const passes = interlaced ? adam7(width, height) : [{ x: 0, y: 0, dx: 1, dy: 1, width, height }];
  const size = passes.reduce((sum, pass) => sum + pass.height * (1 + rowBytes(pass.width, depth)), 0);
  let rows: Buffer;
  try {
    rows = zlib.inflateSync(compressed, { maxOutputLength: size });
  } catch (error) {
    const isLonger = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    const reason = isLonger ? `more than the ${size} bytes of its ${width}×${height} pixels` : "damaged pixels";
    throw new UserError("input", `cannot decode label: ${reason} (${where})`, { cause: error });
  }
  if (rows.length !== size)
    throw new UserError("input", `cannot decode label: ${rows.length} of ${size} bytes of pixels (${where})`);
  const data = new Uint8Array(width * height);
  let at = 0;
  for (const pass of passes) {
    const stride = rowBytes(pass.width, depth);
    let above = new Uint8Array(stride);
    for (let row = 0; row < pass.height; row++) {
      const line = rows.subarray(at + 1, at + 1 + stride);
      unfilter(rows[at], line, above, where);
      place(line, data, (pass.y + row * pass.dy) * width + pass.x, pass.dx, pass.width, depth);
      above = line as Uint8Array<ArrayBuffer>;
      at += 1 + stride;
    }
  }
  return { width, height, data, palette, notes };
}

interface Chunks {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly interlaced: boolean;
  /** The still compressed pixels. */
  readonly compressed: Uint8Array;
  readonly palette?: Uint8Array;
  readonly notes: ReadonlyMap<string, string>;
}

/** Walks the chunks and refuses what is no label. Chunks that are not needed are skipped unread: they may hold anything. */
function readChunks(bytes: Uint8Array, where: string): Chunks {
  const wrong = (got: string): UserError =>
    expected("input", "an 8-bit palette or grey PNG as label", `${got}: save it with class numbers as pixels`, where);
  const damaged = (what: string): UserError => new UserError("input", `cannot decode label: ${what} (${where})`);
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.toString("hex", 0, 8) !== SIGNATURE) throw wrong("another format");
  if (file.length < 33 || file.toString("latin1", 12, 16) !== "IHDR") throw wrong("a PNG without a header");
  const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)];
  const [depth, colourType, interlace] = [file[24], file[25], file[28]];
  const kind = `${depth}-bit ${COLOUR_TYPES[colourType] ?? "unknown"} PNG`;
  if (!(colourType === INDEXED ? [1, 2, 4, 8] : colourType === GREY ? [8] : []).includes(depth)) throw wrong(kind);
  if (width < 1 || height < 1 || width * height > MAX_PIXELS)
    throw expected("input", `a label of 1 to ${MAX_PIXELS} pixels`, `${width}×${height}`, where);
  if (interlace > 1) throw wrong(`interlacing ${interlace}`);
  const compressed = Buffer.alloc(file.length); // no more than the file
  let length = 0;
  let palette: Uint8Array | undefined;
  const notes = new Map<string, string>();
  for (let at = 8, type = ""; type !== "IEND"; ) {
    const end = at + 12 + (at + 8 <= file.length ? file.readUInt32BE(at) : Number.NaN);
    if (!(end <= file.length)) throw new UserError("input", `label is truncated (${where})`);
    type = file.toString("latin1", at + 4, at + 8);
    const isNote = type === "tEXt" && end - at - 12 <= MAX_NOTE_BYTES;
    if (isNote || ["IHDR", "PLTE", "IDAT", "IEND"].includes(type)) {
      const isWhole = zlib.crc32(file.subarray(at + 4, end - 4)) === file.readUInt32BE(end - 4);
      if (type === "IHDR" && at > 8) throw damaged("a second header, which contradicts the first");
      if (type === "PLTE" && palette !== undefined) throw damaged("a second palette");
      if (!isWhole && !isNote) throw damaged(`the checksum of ${type} is wrong`);
      if (type === "IDAT") length += file.copy(compressed, length, at + 8, end - 4);
      if (type === "PLTE") palette = file.subarray(at + 8, end - 4);
      if (isNote && isWhole) addNote(notes, file.toString("latin1", at + 8, end - 4));
    }
    at = end;
  }
  return {
    width,
    height,
    depth,
    interlaced: interlace === 1,
    compressed: compressed.subarray(0, length),
    ...(colourType === INDEXED ? { palette } : {}),
    notes,
  };
}

function addNote(notes: Map<string, string>, text: string): void {
  const end = text.indexOf("\0");
  if (end > 0) notes.set(text.slice(0, end), text.slice(end + 1));
}

/** A part of the picture: every `dx`-th pixel of every `dy`-th row from (x, y). */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
  readonly width: number;
  readonly height: number;
}

/** The seven passes of an interlaced picture; those without a pixel have no rows in the file. */
function adam7(width: number, height: number): Pass[] {
  const starts = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ] as const;
  return starts
    .map(([x, y, dx, dy]): Pass => {
      return { x, y, dx, dy, width: Math.ceil((width - x) / dx), height: Math.ceil((height - y) / dy) };
    })
    .filter((pass) => pass.width > 0 && pass.height > 0);
}

function rowBytes(width: number, depth: number): number {
  return Math.ceil((width * depth) / 8);
}

/** Undoes a row's filter in place; the byte to the left is one pixel away, or at less than 8 bits the byte before. */
function unfilter(kind: number, line: Uint8Array, above: Uint8Array, where: string): void {
  if (kind > 4) throw new UserError("input", `cannot decode label: row filter ${kind} is unknown (${where})`);
  if (kind === 0) return;
  for (let i = 0; i < line.length; i++) {
    const left = i > 0 ? line[i - 1] : 0;
    const up = above[i];
    const corner = i > 0 ? above[i - 1] : 0;
    const guess = kind === 1 ? left : kind === 2 ? up : kind === 3 ? (left + up) >> 1 : paeth(left, up, corner);
    line[i] += guess;
  }
}

function paeth(left: number, up: number, corner: number): number {
  const [toLeft, toUp, toCorner] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

/** 1, 2, 4 or 8 bits a pixel, the leftmost in the highest bits. */
function place(line: Uint8Array, data: Uint8Array, start: number, step: number, count: number, depth: number): void {
  const mask = (1 << depth) - 1;
  for (let x = 0, to = start; x < count; x++, to += step) {
    const bit = x * depth;
    data[to] = (line[bit >> 3] >> (8 - depth - (bit & 7))) & mask;
  }
}
