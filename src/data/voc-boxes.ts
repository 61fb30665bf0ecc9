/** Boxes and object names from PASCAL VOC annotation XML (reference: mytool.py, read_xml_annotation). */

import { UserError } from "../errors";
import { type DatasetDescription, foregroundIndex, type ImageSize } from "./dataset";
import { childrenOf, numberOf, readXml, textOf, type XmlNode } from "./xml";

/** Pixel coordinates as annotated, both ends included; `class` is a foreground index. */
export interface Box {
  readonly xmin: number;
  readonly ymin: number;
  readonly xmax: number;
  readonly ymax: number;
  readonly class: number;
}

export interface Boxes {
  readonly boxes: readonly Box[];
  readonly notices: readonly string[];
}

/** A box before it is checked; coordinates may be anything. */
export interface RawBox extends Omit<Box, "class"> {
  readonly name: string;
}

/** Problems that one message names. */
const MAX_NAMED = 20;

/**
 * The boxes of an annotation file, in its order. Whole coordinates are used as they are, like the reference does (VOC
 * counts from 1, so `xmax` may equal the width); others are rounded, and parts outside the image cut off, with a notice.
 * @throws UserError "input" that names each box with a missing, inverted or unreadable side, wholly outside the image,
 * or of an unknown class; and where the file gives another size than the image has
 */
export async function readBoxes(file: string, dataset: DatasetDescription, size: ImageSize): Promise<Boxes> {
  const annotation = await readXml(file, "annotation");
  checkSize(annotation, size, file);
  const raw = childrenOf(annotation, "object").map((object) => {
    const side = childrenOf(object, "bndbox")[0] ?? "";
    const at = (name: string): number => numberOf(side, name) ?? Number.NaN;
    return {
      name: textOf(object, "name") ?? "",
      xmin: at("xmin"),
      ymin: at("ymin"),
      xmax: at("xmax"),
      ymax: at("ymax"),
    };
  });
  return checkBoxes(raw, dataset, size, file);
}

/** Foreground classes named by an annotation file, ascending: the image's tags. @throws UserError "input" */
export async function readXmlTags(file: string, dataset: DatasetDescription): Promise<number[]> {
  const annotation = await readXml(file, "annotation");
  const classes = childrenOf(annotation, "object").map((object) =>
    foregroundIndex(dataset, textOf(object, "name") ?? "", file),
  );
  return [...new Set(classes)].sort((a, b) => a - b);
}

/** Raw boxes checked, rounded and cut as `readBoxes` says: the one rule for every box format. @throws UserError "input" */
export function checkBoxes(raw: readonly RawBox[], dataset: DatasetDescription, size: ImageSize, where: string): Boxes {
  const problems: string[] = [];
  const unknown = new Set<string>(); // a name that is no class is told of once
  let rounded = 0;
  let cut = 0;
  const boxes = raw.map((box, index): Box => {
    const label = `object ${index + 1}${box.name === "" ? "" : ` (${box.name.slice(0, 40)})`}`;
    let foreground = 0;
    try {
      foreground = foregroundIndex(dataset, box.name, label);
    } catch (error) {
      if (!unknown.has(box.name)) problems.push((error as UserError).message);
      unknown.add(box.name);
    }
    const problem = problemOf(box, size);
    if (problem !== undefined) problems.push(`${label}: ${problem}`);
    const whole = { xmin: round(box.xmin), ymin: round(box.ymin), xmax: round(box.xmax), ymax: round(box.ymax) };
    if (whole.xmin !== box.xmin || whole.ymin !== box.ymin || whole.xmax !== box.xmax || whole.ymax !== box.ymax)
      rounded++;
    const inside = {
      xmin: Math.max(0, whole.xmin),
      ymin: Math.max(0, whole.ymin),
      xmax: Math.min(size.width, whole.xmax),
      ymax: Math.min(size.height, whole.ymax),
      class: foreground,
    };
    if (whole.xmin < 0 || whole.ymin < 0 || whole.xmax > size.width || whole.ymax > size.height) cut++;
    return inside;
  });
  if (problems.length > 0) {
    const more = problems.length > MAX_NAMED ? `; and ${problems.length - MAX_NAMED} more` : "";
    throw new UserError("input", `${problems.slice(0, MAX_NAMED).join("; ")}${more} (${where})`);
  }
  const notices = [
    ...(rounded > 0 ? [`${boxCount(rounded)} with fractional coordinates rounded (${where})`] : []),
    ...(cut > 0 ? [`${boxCount(cut)} reaching beyond the image cut off at its edge (${where})`] : []),
  ];
  return { boxes, notices };
}

// --- internal ---

function problemOf({ xmin, ymin, xmax, ymax }: RawBox, { width, height }: ImageSize): string | undefined {
  const box = `xmin ${xmin}, ymin ${ymin}, xmax ${xmax}, ymax ${ymax}`;
  if (![xmin, ymin, xmax, ymax].every(Number.isFinite)) return `expected four numbers, got ${box}`;
  if (xmin > xmax || ymin > ymax) return `expected xmin ≤ xmax and ymin ≤ ymax, got ${box}`;
  if (round(xmax) < 0 || round(ymax) < 0 || round(xmin) >= width || round(ymin) >= height)
    return `expected a box within ${width}×${height} pixels, got ${box}`;
  return undefined;
}

/** Halves up, as people round. Keeps NaN. */
function round(value: number): number {
  return Math.floor(value + 0.5);
}

function boxCount(count: number): string {
  return count === 1 ? "1 box" : `${count} boxes`;
}

/** A size that is given (and not 0, as some tools write) must be the image's. */
export function checkSize(annotation: XmlNode, { width, height }: ImageSize, where: string): void {
  const size = childrenOf(annotation, "size")[0] ?? "";
  const [w, h] = [numberOf(size, "width"), numberOf(size, "height")];
  if (w && h && (w !== width || h !== height))
    throw new UserError("input", `expected an annotation for ${width}×${height} pixels, got ${w}×${h} (${where})`);
}
