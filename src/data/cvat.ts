/**
 * CVAT's "for images" XML: one file of many photographs, `<image name= width= height=>` with boxes (maybe turned), polygons,
 * ellipses and masks, which become boxes; polylines, which become scribbles; points, which become clicks.
 */

import type { DatasetDescription, ImageSize } from "./dataset";
import { type Corners, collectShapes, type DrawnShapes, type ShapeCollector } from "./drawn-shapes";
import { type EntriesByName, entriesByName } from "./entries-by-name";
import { shown } from "./json";
import { frameOfAnnotation, type Sides } from "./orientation";
import { enclosingTurned } from "./turned-box";
import { attributeNumber, childrenOf, parseXml, readXmlText, textOf, type XmlNode } from "./xml";

export interface CvatFile {
  readonly file: string;
  readonly images: EntriesByName<XmlNode>;
}

/** @throws UserError "input" unless it is CVAT's XML for images */
export async function readCvatFile(file: string): Promise<CvatFile> {
  const images: [string, XmlNode][] = [];
  parseXml(await readXmlText(file), "annotations", file, (child) => {
    if (child.name === "image") images.push([child.attributes.get("name") ?? "", child]);
  });
  return { file, images: entriesByName(images, file) };
}

/** The shapes of one photograph; undefined where the file does not name it. @throws UserError "input" naming the shape */
export function cvatShapesOf(
  { file, images }: CvatFile,
  id: string,
  dataset: DatasetDescription,
  size: ImageSize,
): DrawnShapes | undefined {
  const found = images.find(id);
  if (found === undefined) return undefined;
  const image = found.entry;
  const where = `image "${id}" in ${file}`;
  const [width, height] = [attributeNumber(image, "width"), attributeNumber(image, "height")];
  const stated = width && height ? { width, height } : undefined;
  const drawn = collectShapes(dataset, size, frameOfAnnotation(stated, size, "shapes for", where), where);
  for (const message of found.notices) drawn.notice(message);
  for (const shape of image.children) addShape(drawn, shape);
  return drawn.finish();
}

function addShape(drawn: ShapeCollector, shape: XmlNode): void {
  const label = shape.attributes.get("label") ?? "";
  const place = `line ${shape.line}`;
  const upright = uprightOf(shape);
  if (upright !== undefined) {
    const rotation = attributeNumber(shape, "rotation") ?? rotationOf(shape);
    const { xmin, ymin, xmax, ymax } = enclosingTurned(upright, rotation);
    const corners: Corners = [
      [xmin, ymin],
      [xmax, ymax],
    ];
    drawn.box(label, corners, place, rotation % 360 !== 0);
  } else if (shape.name === "polygon") drawn.box(label, cornersOf(drawn, shape, place), place);
  else if (shape.name === "polyline") drawn.stroke(label, cornersOf(drawn, shape, place), place);
  else if (shape.name === "points") drawn.clicks(label, cornersOf(drawn, shape, place), place);
  else drawn.skip(shape.name);
}

/** Sides of a box, mask or ellipse before it is turned; undefined for other shapes. */
function uprightOf(shape: XmlNode): Sides | undefined {
  const at = (name: string): number => attributeNumber(shape, name) ?? Number.NaN;
  if (shape.name === "box") return { xmin: at("xtl"), ymin: at("ytl"), xmax: at("xbr"), ymax: at("ybr") };
  const [left, top, cx, cy, rx, ry] = [at("left"), at("top"), at("cx"), at("cy"), at("rx"), at("ry")];
  if (shape.name === "mask") return { xmin: left, ymin: top, xmax: left + at("width"), ymax: top + at("height") };
  if (shape.name === "ellipse") return { xmin: cx - rx, ymin: cy - ry, xmax: cx + rx, ymax: cy + ry };
  return undefined;
}

function rotationOf(shape: XmlNode): number {
  const attribute = childrenOf(shape, "attribute").find((each) => each.attributes.get("name") === "rotation");
  const text = attribute?.text.trim() ?? textOf(shape, "rotation");
  return text === undefined || !Number.isFinite(Number(text)) ? 0 : Number(text);
}

/** `x,y;x,y;…` */
function cornersOf(drawn: ShapeCollector, shape: XmlNode, place: string): Corners {
  const text = shape.attributes.get("points") ?? "";
  const corners = text
    .split(";")
    .map((pair) => pair.split(",").map((word) => (word.trim() === "" ? Number.NaN : Number(word))));
  if (!corners.every((pair) => pair.length === 2 && pair.every(Number.isFinite)))
    throw drawn.wrong('"points" as x,y;x,y;…', shown(text), place);
  return corners as unknown as Corners;
}
