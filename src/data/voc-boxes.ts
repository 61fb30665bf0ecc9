/** Boxes and object names from PASCAL VOC annotation XML (reference: mytool.py, read_xml_annotation). */

import { UserError } from "../errors";
import { type DatasetDescription, foregroundIndex, type ImageSize, UnknownClassError } from "./dataset";
import { displayedBox, type Frame, frameOfAnnotation, storedSize } from "./orientation";
import { enclosingTurned } from "./turned-box";
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
  /** Where it stands in its file, for messages. Default: its number. */
  readonly place?: string;
}

/** Problems that one message names. */
const MAX_NAMED = 20;

/**
 * The boxes of an annotation file, in its order. Whole coordinates are used as they are, like the reference does (VOC
 * counts from 1, so `xmax` may equal the width); others are rounded, and parts outside the image cut off, with a notice.
 * An object may have several boxes; of one that is turned (CVAT's attribute "rotation", roLabelImg's `robndbox`) the box
 * that encloses it counts.
 * @throws UserError "input" that names each box with a missing, inverted or unreadable side, wholly outside the image,
 *   or of an unknown class; and where the file gives another size than the image has
 */
export async function readBoxes(file: string, dataset: DatasetDescription, size: ImageSize): Promise<Boxes> {
  const annotation = await readXml(file, "annotation");
  const frame = frameOfXml(annotation, size, file);
  let turned = 0;
  const raw = childrenOf(annotation, "object").flatMap((object, index): RawBox[] => {
    const name = textOf(object, "name") ?? "";
    const place = `object ${index + 1}`;
    const rotation = rotationOf(object);
    const upright = childrenOf(object, "bndbox").map((side): RawBox => {
      const at = (corner: string): number => numberOf(side, corner) ?? Number.NaN;
      const sides = { xmin: at("xmin"), ymin: at("ymin"), xmax: at("xmax"), ymax: at("ymax") };
      return { name, place, ...(rotation === 0 ? sides : enclosingTurned(sides, rotation)) };
    });
    const oriented = childrenOf(object, "robndbox").map((side): RawBox => {
      const at = (key: string): number => numberOf(side, key) ?? Number.NaN;
      const [cx, cy, w, h] = [at("cx"), at("cy"), at("w"), at("h")];
      const sides = { xmin: cx - w / 2, ymin: cy - h / 2, xmax: cx + w / 2, ymax: cy + h / 2 };
      return { name, place, ...enclosingTurned(sides, (at("angle") * 180) / Math.PI) };
    });
    turned += oriented.length + (rotation === 0 ? 0 : upright.length);
    const none = { xmin: Number.NaN, ymin: Number.NaN, xmax: Number.NaN, ymax: Number.NaN };
    const boxes = [...upright, ...oriented];
    return boxes.length > 0 ? boxes : [{ name, place, ...none }];
  });
  const { boxes, notices } = checkBoxes(raw, dataset, size, file, frame);
  return { boxes, notices: [...turnedNotice(turned, file), ...notices] };
}

/** What is said of turned boxes, in every format. */
export function turnedNotice(count: number, where: string): string[] {
  return count === 0 ? [] : [`${boxCount(count)} turned: the upright box around it counts (${where})`];
}

/** CVAT writes the unturned rectangle and the angle in degrees beside it. */
function rotationOf(object: XmlNode): number {
  for (const attribute of childrenOf(object, "attributes").flatMap((list) => childrenOf(list, "attribute")))
    if (textOf(attribute, "name") === "rotation") return numberOf(attribute, "value") ?? 0;
  return 0;
}

/** Foreground classes named by an annotation file, ascending: the image's tags. @throws UserError "input" */
export async function readXmlTags(file: string, dataset: DatasetDescription): Promise<number[]> {
  const annotation = await readXml(file, "annotation");
  const classes = childrenOf(annotation, "object").map((object) =>
    foregroundIndex(dataset, textOf(object, "name") ?? "", file),
  );
  return [...new Set(classes)].sort((a, b) => a - b);
}

/**
 * Raw boxes checked, rounded and cut as `readBoxes` says: the one rule for every box format.
 * @param frame of the raw boxes; the result is in the displayed one
 * @throws UserError "input"
 */
export function checkBoxes(
  raw: readonly RawBox[],
  dataset: DatasetDescription,
  photograph: ImageSize,
  where: string,
  frame: Frame = "displayed",
): Boxes {
  const size = frame === "stored" ? storedSize(photograph) : photograph;
  const problems: string[] = [];
  const told = new Set<string>(); // each name that is no class is reported once
  const unknown = new Set<string>();
  let rounded = 0;
  let cut = 0;
  const boxes = raw.map((box, index): Box => {
    const label = `${box.place ?? `object ${index + 1}`}${box.name === "" ? "" : ` (${box.name.slice(0, 40)})`}`;
    let foreground = 0;
    try {
      foreground = foregroundIndex(dataset, box.name, label);
    } catch (error) {
      if (!told.has(box.name)) problems.push((error as UserError).message);
      told.add(box.name);
      if (error instanceof UnknownClassError) unknown.add(box.name);
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
    };
    if (whole.xmin < 0 || whole.ymin < 0 || whole.xmax > size.width || whole.ymax > size.height) cut++;
    return { ...(frame === "stored" ? displayedBox(inside, photograph) : inside), class: foreground };
  });
  if (problems.length > 0) {
    const more = problems.length > MAX_NAMED ? `; and ${problems.length - MAX_NAMED} more` : "";
    const message = `${problems.slice(0, MAX_NAMED).join("; ")}${more} (${where})`;
    throw unknown.size > 0 ? new UnknownClassError([...unknown], message) : new UserError("input", message);
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

/** A size that is given (and not 0, as some tools write) must be the image's, and tells the frame. @throws UserError "input" */
export function frameOfXml(annotation: XmlNode, photograph: ImageSize, where: string): Frame {
  const [size] = childrenOf(annotation, "size");
  const [width, height] = size === undefined ? [] : [numberOf(size, "width"), numberOf(size, "height")];
  const given = width && height ? { width, height } : undefined;
  return frameOfAnnotation(given, photograph, "an annotation for", where);
}
