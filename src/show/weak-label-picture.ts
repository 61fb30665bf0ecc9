/**
 * A photograph made small, with its weak labels drawn over it in their classes' colours and named: boxes as frames, clicks
 * as discs, strokes as they are; the background's in white. What the contact sheet of `check` shows, so that a wrong frame
 * or an exchanged class is seen.
 */

import sharp from "sharp";
import type { Colour, DatasetDescription } from "../data/dataset";
import type { RgbImage } from "../data/image";
import type { Point } from "../data/points";
import { vocPalette } from "../data/voc";
import type { Box } from "../data/voc-boxes";
import type { LegendEntry } from "./legend";
import { fittedText, textOutline, textWidth } from "./lettering";

/** Of one photograph, in pixels of its displayed frame. */
export interface DrawnLabels {
  readonly boxes: readonly Box[];
  readonly points: readonly Point[];
  /** Class on the strokes, the data set's ignore value elsewhere, [H·W]. */
  readonly strokes?: Uint8Array;
}

const NAME_SIZE = 11;
const DISC = 4.5;
const WHITE: Colour = [255, 255, 255];
/** Shapes of a photograph that are drawn; more would hide it. */
const MAX_SHAPES = 400;

/**
 * @param longest side of the picture, pixels; a smaller photograph is enlarged at most twice
 * @returns plain RGB
 */
export async function weakLabelPicture(
  image: RgbImage,
  labels: DrawnLabels,
  dataset: DatasetDescription,
  longest: number,
): Promise<RgbImage> {
  const scale = Math.min(2, longest / Math.max(image.width, image.height));
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  const raw = { width: image.width, height: image.height, channels: 3 as const };
  const small = await sharp(image.data, { raw }).resize(width, height, { fit: "fill" }).raw().toBuffer();
  if (labels.strokes !== undefined) drawStrokes(small, { width, height }, labels.strokes, image, dataset);
  const shapes = [...boxShapes(labels.boxes, dataset, scale, width), ...clickShapes(labels.points, dataset, scale)];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${shapes.join("")}</svg>`;
  const { data } = await sharp(small, { raw: { width, height, channels: 3 } })
    .composite([{ input: Buffer.from(svg) }])
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width, height, data };
}

/** The classes that the labels name, in the data set's order. */
export function weakLabelLegend(labels: DrawnLabels, dataset: DatasetDescription): LegendEntry[] {
  const classes = new Set([...labels.boxes, ...labels.points].map((label) => label.class));
  for (const value of new Set(labels.strokes ?? [])) if (value !== dataset.ignore) classes.add(value);
  return [...classes]
    .sort((a, b) => a - b)
    .map((value) => ({ name: dataset.classes[value] ?? `class ${value}`, colour: colourOf(value, dataset) }));
}

function boxShapes(boxes: readonly Box[], dataset: DatasetDescription, scale: number, width: number): string[] {
  // The largest first: names of small boxes stand on top.
  const area = ({ xmin, ymin, xmax, ymax }: Box): number => (xmax - xmin) * (ymax - ymin);
  return [...boxes]
    .sort((a, b) => area(b) - area(a))
    .slice(0, MAX_SHAPES)
    .map((box) => {
      const [x, y] = [box.xmin * scale, box.ymin * scale];
      const [w, h] = [(box.xmax + 1 - box.xmin) * scale, (box.ymax + 1 - box.ymin) * scale];
      const sides = `x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${w.toFixed(1)}" height="${h.toFixed(1)}" fill="none"`;
      const colour = colourOf(box.class, dataset);
      const name = nameTag(dataset.classes[box.class] ?? "", x, y, width, colour);
      return `<rect ${sides} stroke="#000" stroke-opacity=".6" stroke-width="4"/><rect ${sides} stroke="${css(colour)}" stroke-width="2"/>${name}`;
    });
}

/** The class's name on its colour, at the upper left corner of what it names. */
function nameTag(name: string, x: number, y: number, width: number, colour: Colour): string {
  const text = fittedText(name, Math.max(24, width - x - 8), NAME_SIZE);
  const [left, top] = [Math.max(0, x - 1), Math.max(0, y - 1)];
  const needed = textWidth(text, NAME_SIZE) + 6;
  const ink = luminance(colour) > 140 ? "#000" : "#fff";
  const field = `x="${left.toFixed(1)}" y="${top.toFixed(1)}" width="${needed.toFixed(1)}" height="${NAME_SIZE + 4}"`;
  return `<rect ${field} fill="${css(colour)}"/><path d="${textOutline(text, left + 3, top + NAME_SIZE, NAME_SIZE)}" fill="${ink}"/>`;
}

function clickShapes(points: readonly Point[], dataset: DatasetDescription, scale: number): string[] {
  return points.slice(0, MAX_SHAPES).map((point) => {
    const place = `cx="${(point.x * scale).toFixed(1)}" cy="${(point.y * scale).toFixed(1)}"`;
    const colour = css(colourOf(point.class, dataset));
    return `<circle ${place} r="${DISC + 1.5}" fill="#000"/><circle ${place} r="${DISC + 0.5}" fill="#fff"/><circle ${place} r="${DISC - 1}" fill="${colour}"/>`;
  });
}

/** Every pixel of the picture that a stroke touches; thin strokes do not vanish where the picture is smaller. */
function drawStrokes(
  picture: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
  strokes: Uint8Array,
  size: { readonly width: number; readonly height: number },
  dataset: DatasetDescription,
): void {
  for (let v = 0, at = 0; v < size.height; v++)
    for (let u = 0; u < size.width; u++, at++) {
      const value = strokes[at];
      if (value === dataset.ignore) continue;
      const [left, right] = [Math.floor((u * width) / size.width), Math.ceil(((u + 1) * width) / size.width)];
      const [top, bottom] = [Math.floor((v * height) / size.height), Math.ceil(((v + 1) * height) / size.height)];
      for (let y = top; y < bottom; y++)
        for (let x = left; x < right; x++) picture.set(colourOf(value, dataset), 3 * (y * width + x));
    }
}

function colourOf(value: number, { palette }: DatasetDescription): Colour {
  return value === 0 ? WHITE : (palette[value] ?? USUAL[value] ?? WHITE);
}

const USUAL: readonly Colour[] = vocPalette(256);

function css(colour: Colour): string {
  return `rgb(${colour.join(",")})`;
}

function luminance([red, green, blue]: Colour): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}
