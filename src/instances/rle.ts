/**
 * Masks as run lengths, COCO's form: the pixels of an image column after column, as counts of pixels outside and inside
 * in turn, beginning with those outside (0 where the first pixel is inside). An instance of any size takes kilobytes.
 *
 * COCO's JSON holds them compressed: from the fourth count on the difference to the count before the last, in groups of five
 * bits, the lowest first, each a character from code 48 on; bit 6 of a group says that another follows, bit 5 of the last one
 * that the number is negative.
 */

import type { ImageSize } from "../data/dataset";
import { expected } from "../errors";

export interface Rle extends ImageSize {
  /** Sum: width · height. No count is 0 but possibly the first, so that equal masks have equal counts. */
  readonly counts: Uint32Array;
}

/** `[x, y, width, height]` as COCO writes boxes: x and y are edges between pixels. */
export type CocoBox = readonly [x: number, y: number, width: number, height: number];

/** @param mask anything but 0 is inside, row-major, [H·W] */
export function encodeMask(mask: ArrayLike<number>, { width, height }: ImageSize): Rle {
  return encodeWhere((pixel) => mask[pixel] !== 0, { width, height });
}

/** The mask of the pixels for which `inside` holds; it is asked for each index of a row-major image once. */
export function encodeWhere(inside: (pixel: number) => boolean, { width, height }: ImageSize): Rle {
  const counts: number[] = [];
  let isInside = false;
  let count = 0;
  for (let x = 0; x < width; x++)
    for (let pixel = x; pixel < width * height; pixel += width) {
      if (inside(pixel) !== isInside) {
        counts.push(count);
        count = 0;
        isInside = !isInside;
      }
      count++;
    }
  counts.push(count);
  return { width, height, counts: Uint32Array.from(counts) };
}

/** The masks of `count` owners, of whom each pixel has one or none (−1), in a single pass. @param owners row-major, [H·W] */
export function encodeOwners(owners: Int32Array, count: number, { width, height }: ImageSize): Rle[] {
  const counts = Array.from({ length: count }, (): number[] => []);
  const ends = new Float64Array(count); // where the last run of each ends
  let at = 0;
  for (let x = 0; x < width; x++)
    for (let pixel = x; pixel < width * height; pixel += width, at++) {
      const owner = owners[pixel];
      if (owner < 0) continue;
      const runs = counts[owner];
      if (runs.length > 0 && ends[owner] === at) runs[runs.length - 1]++;
      else runs.push(at - ends[owner], 1);
      ends[owner] = at + 1;
    }
  return counts.map((runs, owner) => {
    if (ends[owner] < at) runs.push(at - ends[owner]);
    return { width, height, counts: Uint32Array.from(runs) };
  });
}

/** 1 inside, 0 outside, row-major, [H·W]. */
export function decodeMask(rle: Rle): Uint8Array {
  const mask = new Uint8Array(rle.width * rle.height);
  eachPixel(rle, (pixel) => {
    mask[pixel] = 1;
  });
  return mask;
}

/** Calls `visit` with the row-major index of each pixel inside, column after column. */
function eachPixel({ width, height, counts }: Rle, visit: (pixel: number) => void): void {
  let at = 0;
  for (let run = 0; run < counts.length; run++) {
    const end = at + counts[run];
    if (run % 2 === 0) at = end;
    for (; at < end; at++) visit((at % height) * width + Math.floor(at / height));
  }
}

/** Pixels inside. */
export function maskArea({ counts }: Rle): number {
  let area = 0;
  for (let run = 1; run < counts.length; run += 2) area += counts[run];
  return area;
}

/** The smallest box around the mask; `[0, 0, 0, 0]` around an empty one, as pycocotools has it. */
export function maskBox({ width, height, counts }: Rle): CocoBox {
  if (counts.length < 2) return [0, 0, 0, 0];
  let [left, top, right, bottom] = [width, height, 0, 0];
  let at = 0;
  for (let run = 0; run < counts.length; run++) {
    const [first, last] = [at, at + counts[run] - 1];
    at += counts[run];
    if (run % 2 === 0) continue;
    const [x, y] = [Math.floor(first / height), first % height];
    const [u, v] = [Math.floor(last / height), last % height];
    left = Math.min(left, x);
    right = Math.max(right, u);
    top = u > x ? 0 : Math.min(top, y); // a run into the next column touches the lower and the upper border
    bottom = u > x ? height - 1 : Math.max(bottom, v);
  }
  return [left, top, right - left + 1, bottom - top + 1];
}

/** The same mask with runs of no pixels removed. @param counts any that sum to width · height */
function canonicalRle({ width, height }: ImageSize, counts: ArrayLike<number>): Rle {
  const runs: number[] = [0];
  for (let run = 0; run < counts.length; run++) {
    if (counts[run] === 0) continue;
    if ((runs.length - 1) % 2 === run % 2) runs[runs.length - 1] += counts[run];
    else runs.push(counts[run]);
  }
  return { width, height, counts: Uint32Array.from(runs) };
}

const BITS = 5;
const FIRST_CODE = 48;
const [GROUP, SIGN, MORE] = [0x1f, 0x10, 0x20];
/** Groups of one number: counts go up to 2^27 (`MAX_PIXELS`), so that differences need 28 bits and a sign. */
const MAX_GROUPS = 6;

/** The text that pycocotools' `encode` writes as `counts`. */
export function rleToString({ counts }: Rle): string {
  const codes: number[] = [];
  for (let run = 0; run < counts.length; run++) {
    let rest = run > 2 ? counts[run] - counts[run - 2] : counts[run];
    let more = true;
    while (more) {
      const group = rest & GROUP;
      rest >>= BITS;
      more = (group & SIGN) !== 0 ? rest !== -1 : rest !== 0;
      codes.push(FIRST_CODE + group + (more ? MORE : 0));
    }
  }
  let text = "";
  for (let start = 0; start < codes.length; start += 8192)
    text += String.fromCharCode(...codes.slice(start, start + 8192));
  return text;
}

/** @throws UserError "input" for other characters, and unless the counts make up the image */
export function rleFromString(text: string, size: ImageSize, where: string): Rle {
  const pixels = size.width * size.height;
  const counts: number[] = [];
  let sum = 0;
  for (let at = 0; at < text.length; ) {
    let value = 0;
    for (let groups = 0, more = true; more; groups++) {
      const group = text.charCodeAt(at++) - FIRST_CODE; // NaN beyond the end
      if (!(group >= 0 && group < 2 * MORE) || groups === MAX_GROUPS)
        throw expected("input", "compressed run lengths as pycocotools writes them", `"${excerpt(text)}"`, where);
      value |= (group & GROUP) << (BITS * groups);
      more = (group & MORE) !== 0;
      if (!more && (group & SIGN) !== 0) value |= -1 << (BITS * (groups + 1));
    }
    if (counts.length > 2) value += counts[counts.length - 2];
    sum += value;
    if (value < 0) throw expected("input", "run lengths from 0 on", String(value), where);
    if (sum > pixels) break;
    counts.push(value);
  }
  return wholeRle(size, counts, sum, where);
}

/**
 * Run lengths that were read from a file.
 * @param sum of all of them, or of as many as exceed the pixels
 * @throws UserError "input" where they do not fill the image
 */
export function wholeRle(size: ImageSize, counts: readonly number[], sum: number, where: string): Rle {
  const pixels = size.width * size.height;
  if (sum !== pixels)
    throw expected(
      "input",
      `run lengths that sum to ${size.width}×${size.height} pixels`,
      sum > pixels ? "more" : String(sum),
      where,
    );
  return canonicalRle(size, counts);
}

function excerpt(text: string): string {
  return JSON.stringify(text.slice(0, 40)).slice(1, -1);
}
