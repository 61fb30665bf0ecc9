/**
 * The compressed form of run lengths in COCO's JSON: from the fourth count on the difference to the count before the last,
 * in groups of five bits, the lowest first, each a character from code 48 on; bit 6 of a group says that another follows,
 * bit 5 of the last one that the number is negative.
 */

import type { ImageSize } from "../data/dataset";
import { expected } from "../errors";
import { canonicalRle, type Rle } from "./rle";

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
