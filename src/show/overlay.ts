/**
 * A label laid over its photograph: classes in their colours, outlined; unknown pixels hatched; below, a legend of the
 * classes that occur. What `--overlay` writes and the demo's report shows.
 */

import { encode } from "fast-png";
import type { Colour, DatasetDescription } from "../data/dataset";
import type { RgbImage } from "../data/image";
import type { LabelMap } from "../data/label-png";
import { vocPalette } from "../data/voc";
import { expected } from "../errors";
import { drawText, GLYPH_HEIGHT, textWidth } from "./tiny-font";

export interface OverlayOptions {
  /** How much of the class colour covers the photograph, 0…1. */
  readonly opacity?: number;
  readonly legend?: boolean;
}

const PAPER: Colour = [250, 250, 248];
const INK: Colour = [40, 40, 44];
const UNKNOWN_LIGHT: Colour = [255, 255, 255];
const UNKNOWN_DARK: Colour = [120, 120, 124];
const MARGIN = 6;
const SWATCH = 10;

/**
 * PNG bytes of the picture; with the legend it is higher than the photograph.
 * @throws UserError "input" where the label is of another size
 */
export function renderOverlay(
  rgb: RgbImage,
  label: LabelMap,
  dataset: DatasetDescription,
  { opacity = 0.55, legend = true }: OverlayOptions = {},
): Uint8Array {
  if (label.width !== rgb.width || label.height !== rgb.height)
    throw expected("input", `a label of ${rgb.width}×${rgb.height}`, `${label.width}×${label.height}`, "overlay");
  const { width, height } = rgb;
  const colours = vocPalette(256).map((colour, value): Colour => dataset.palette[value] ?? colour);
  const entries = legend ? layOutLegend(label, dataset, width) : [];
  const total = entries.length === 0 ? height : height + Math.max(...entries.map(({ y }) => y)) + GLYPH_HEIGHT + MARGIN;
  const canvas = new Uint8Array(width * total * 3);
  const put = (x: number, y: number, [r, g, b]: Colour): void => {
    if (x < 0 || y < 0 || x >= width || y >= total) return;
    canvas[3 * (y * width + x)] = r;
    canvas[3 * (y * width + x) + 1] = g;
    canvas[3 * (y * width + x) + 2] = b;
  };
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) put(x, y, blend(rgb, label, x, y, colours, dataset.ignore, opacity));
  for (let y = height; y < total; y++) for (let x = 0; x < width; x++) put(x, y, PAPER);
  for (const { value, name, x, y } of entries) {
    for (let j = 0; j < SWATCH; j++)
      for (let i = 0; i < SWATCH; i++) {
        const edge = i === 0 || j === 0 || i === SWATCH - 1 || j === SWATCH - 1;
        const inside = value === dataset.ignore ? hatch(i, j) : colours[value];
        put(x + i, height + y + j - 1, edge ? INK : inside);
      }
    drawText(name, (i, j) => put(x + SWATCH + 4 + i, height + y + j, INK));
  }
  return encode({ width, height: total, data: canvas, channels: 3, depth: 8 });
}

/** The colour of one pixel: photograph, class colour, outline where the label changes. */
function blend(
  { width, height, data }: RgbImage,
  label: LabelMap,
  x: number,
  y: number,
  colours: readonly Colour[],
  ignore: number,
  opacity: number,
): Colour {
  const i = y * width + x;
  const value = label.data[i];
  const changes = (x + 1 < width && label.data[i + 1] !== value) || (y + 1 < height && label.data[i + width] !== value);
  if (changes) return [255, 255, 255];
  // The background stays as it is, only a little darker, so that things stand out.
  const colour = value === ignore ? hatch(x, y) : value === 0 ? INK : colours[value];
  const cover = value === 0 ? 0.35 * opacity : opacity;
  const mix = (c: 0 | 1 | 2): number => Math.round(data[3 * i + c] * (1 - cover) + colour[c] * cover);
  return [mix(0), mix(1), mix(2)];
}

function hatch(x: number, y: number): Colour {
  return (x + y) % 6 < 2 ? UNKNOWN_DARK : UNKNOWN_LIGHT;
}

interface LegendEntry {
  readonly value: number;
  readonly name: string;
  /** Left end and upper edge of the letters below the photograph. */
  readonly x: number;
  readonly y: number;
}

function layOutLegend(label: LabelMap, { classes, ignore }: DatasetDescription, width: number): LegendEntry[] {
  const present = [...new Set(label.data)].sort((a, b) => a - b);
  let [x, y] = [MARGIN, MARGIN];
  return present
    .filter((value) => value !== 0)
    .map((value) => {
      const name = value === ignore ? "unknown" : (classes[value] ?? `class ${value}`);
      const needed = SWATCH + 4 + textWidth(name) + MARGIN;
      if (x > MARGIN && x + needed > width) {
        x = MARGIN;
        y += GLYPH_HEIGHT + MARGIN;
      }
      const entry = { value, name, x, y };
      x += needed + MARGIN;
      return entry;
    });
}
