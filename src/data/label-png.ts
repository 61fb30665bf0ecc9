/**
 * Label maps as 8-bit PNG: what counts is the index of each pixel, not its colour. Palette PNG is written; palette and
 * 8-bit grey PNG are read.
 */

import { encode } from "fast-png";
import { writeAtomic } from "../atomic-write";
import { expected } from "../errors";
import { readBounded } from "./bounded-file";
import type { Colour, DatasetDescription, ImageSize } from "./dataset";
import type { Frame } from "./orientation";
import { decodePngIndices } from "./png-indices";
import { vocPalette } from "./voc";

/** Row-major class indices: `data[y · width + x]`. */
export interface LabelMap {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  /** "stored" where its file says that the label is in the photograph's stored frame (orientation.ts). */
  readonly frame?: Frame;
}

/** A label as its file has it. */
export interface LabelFile {
  readonly label: LabelMap;
  /** Red, green, blue of each value, where the file has a palette. */
  readonly colours?: Uint8Array;
}

const MAX_BYTES = 1 << 28;
/** The note (tEXt) by which a label of the stored frame is known. */
const FRAME_NOTE = "a2gnn frame";

/**
 * Reads the indices of a palette PNG (1, 2, 4 or 8 bits) or the values of an 8-bit grey one.
 * @throws UserError "input" for any other PNG (its kind is named), a truncated, damaged or oversized one, or another format
 */
export async function readLabel(file: string): Promise<LabelMap> {
  return decodeLabel(await readBounded(file, MAX_BYTES, "label"), file);
}

/** The same with the colours that its values are drawn in. */
export async function readLabelFile(file: string): Promise<LabelFile> {
  return decodeLabelFile(await readBounded(file, MAX_BYTES, "label"), file);
}

/** The same from bytes. */
export function decodeLabel(bytes: Uint8Array, where: string): LabelMap {
  return decodeLabelFile(bytes, where).label;
}

function decodeLabelFile(bytes: Uint8Array, where: string): LabelFile {
  const { width, height, data, palette, notes } = decodePngIndices(bytes, where);
  const frame = notes.get(FRAME_NOTE) === "stored" ? { frame: "stored" as const } : {};
  return { label: { width, height, data, ...frame }, ...(palette === undefined ? {} : { colours: palette }) };
}

/** Palette PNG bytes whose indices are the label's. The same label always gives the same bytes. */
export function encodeLabel(label: LabelMap, palette: readonly Colour[]): Uint8Array {
  const { width, height, data } = label;
  if (data.length !== width * height)
    throw expected("output", `a label of ${width}×${height} pixels`, `${data.length} values`, "encodeLabel");
  const colours = vocPalette(256).map((colour, index) => [...(palette[index] ?? colour)]);
  const note = label.frame === "stored" ? { text: { [FRAME_NOTE]: "stored" } } : {};
  return encode({ width, height, data, depth: 8, channels: 1, palette: colours, ...note });
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
      `${unknown.slice(0, 8).join(", ")}: dataset.json names the classes ("classes") and the value of unknown pixels ("ignore")`,
      where,
    );
}
