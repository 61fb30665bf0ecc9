/**
 * A label that belongs to a photograph, read from disk: turned into the photograph's frame, of its size, with values of
 * the data set. What is easily mistaken is told of: masks of 0 and 255 alone, colours that say another class than the value.
 */

import { expected, UserError } from "../errors";
import { type DatasetDescription, type ImageSize, maskClass } from "./dataset";
import { shown } from "./json";
import { checkLabel, type LabelFile, type LabelMap, readLabelFile } from "./label-png";
import { displayedRaster, type Frame, frameOf, storedRaster, storedSize } from "./orientation";
import { VOC, vocPalette } from "./voc";

/**
 * @param size the photograph's, or another label's that this one must fit; undefined: any
 * @param what names it in errors: "true label", "seed label"
 * @throws UserError "input" for another size, values that are neither a class nor the ignore value, and colours that are
 * those of another class than the value
 */
export async function readFittedLabel(
  file: string,
  size: ImageSize | undefined,
  dataset: DatasetDescription,
  what: string,
): Promise<LabelMap> {
  return fittedLabel(await readLabelFile(file), size, dataset, `${what} ${file}`);
}

/** The same from a label in memory. */
export function fittedLabel(
  { label, colours }: LabelFile,
  size: ImageSize | undefined,
  dataset: DatasetDescription,
  where: string,
): LabelMap {
  const turned = size === undefined ? label : inDisplayedFrame(label, size, where);
  const fitted = withMaskClass(turned, dataset);
  checkLabel(fitted, fitted, dataset, where);
  if (colours !== undefined) checkColours(fitted, colours, dataset, where);
  return fitted;
}

/** The same label as its photograph is displayed. @throws UserError "input" where it has neither frame's size */
export function inDisplayedFrame(label: LabelMap, size: ImageSize, where: string): LabelMap {
  const asked = label.frame === undefined ? size : { ...size, annotated: label.frame };
  const frame = frameOf(label, asked, "a label of", where);
  const { width, height } = size;
  return { width, height, data: frame === "stored" ? displayedRaster(label.data, size) : label.data };
}

/** A label of the displayed frame as it is to be written: in the stored frame with a note that says so, where that is asked. */
export function inFrame(label: LabelMap, size: ImageSize, frame: Frame = "displayed"): LabelMap {
  if (frame === "displayed" || (size.orientation ?? 1) === 1) return label;
  return { ...storedSize(size), data: storedRaster(label.data, size), frame: "stored" };
}

/** What kinds of values labels hold, to tell those that hold no object at all. */
export interface LabelEvidence {
  /** Pixels of a foreground class, of the background, of unknown class. */
  readonly foreground: boolean;
  readonly background: boolean;
  readonly unknown: boolean;
}

export function evidenceOf({ data }: LabelMap, ignore: number): LabelEvidence {
  return {
    foreground: data.some((value) => value !== 0 && value !== ignore),
    background: data.includes(0),
    unknown: data.includes(ignore),
  };
}

/**
 * Refuses labels of a whole list that teach or judge nothing: figures of 100 % or a loss of 0 would follow.
 * @param labels of several images, or all
 * @throws UserError "input" where not one pixel is of a foreground class although some are unknown
 */
export function checkEvidence(labels: readonly LabelEvidence[], dataset: DatasetDescription, what: string): void {
  if (labels.length === 0 || labels.some((label) => label.foreground)) return;
  if (!labels.some((label) => label.unknown)) return;
  const { ignore } = dataset;
  if (!labels.some((label) => label.background))
    throw expected("input", `${what} with pixels of a known class`, `the value ${ignore} (unknown) alone`, what);
  throw new UserError(
    "input",
    `expected ${what} with pixels of a foreground class, got 0 and ${ignore} alone, and ${ignore} means unknown: ` +
      `if ${ignore} is the object, name its class in dataset.json, e.g. "binary": ${shown(dataset.classes[1])}`,
  );
}

/** A mask of 0 and 255 alone shows an object where the data set's description says so ("binary"). */
function withMaskClass(label: LabelMap, dataset: DatasetDescription): LabelMap {
  const index = maskClass(dataset);
  if (index === undefined || !label.data.every((value) => value === 0 || value === 255)) return label;
  return { ...label, data: label.data.map((value) => (value === 255 ? index : 0)) };
}

/**
 * Values count, not colours. Where the data set names colours of its own and a value is drawn in another class's, one of
 * the two is in another order.
 */
function checkColours(
  label: LabelMap,
  colours: Uint8Array,
  { classes, palette }: DatasetDescription,
  where: string,
): void {
  const usual = vocPalette(classes.length);
  const same = (a: readonly number[], b: ArrayLike<number>): boolean => a.every((value, c) => value === b[c]);
  const isVoc = classes.length === VOC.classes.length && classes.every((name, index) => name === VOC.classes[index]);
  // VOC's colours belong to VOC's classes; with others, they are merely those that most tools write.
  if (!isVoc && classes.every((_, index) => same(usual[index], palette[index]))) return;
  for (const value of new Set(label.data)) {
    if (value >= classes.length) continue;
    const colour = [...colours.subarray(3 * value, 3 * value + 3)];
    if (colour.length < 3 || same(colour, palette[value])) continue;
    const other = classes.findIndex((_, index) => index !== value && same(colour, palette[index]));
    if (other > 0 || (other === 0 && !isVoc))
      // a palette that was never filled is black
      throw expected(
        "input",
        `value ${value} (${classes[value]}) in its class's colour`,
        `that of ${classes[other]}: bring "classes" or "palette" of dataset.json into the labels' order`,
        where,
      );
  }
}
