/**
 * A label laid over its photograph: classes in their colours, outlined; unknown pixels hatched; below, a legend of the
 * classes that occur. What `--overlay` writes and the demo's report shows.
 */

import sharp from "sharp";
import type { Colour, DatasetDescription } from "../data/dataset";
import type { RgbImage } from "../data/image";
import type { LabelMap } from "../data/label-png";
import { vocPalette } from "../data/voc";
import { expected } from "../errors";
import { legendOf, legendStrip } from "./legend";

export interface OverlayOptions {
  /** How much of the class colour covers the photograph, 0…1. */
  readonly opacity?: number;
}

const PAPER = { r: 250, g: 250, b: 248 };
const INK: Colour = [40, 40, 44];
const UNKNOWN_LIGHT: Colour = [255, 255, 255];
const UNKNOWN_DARK: Colour = [120, 120, 124];

/**
 * PNG bytes of the picture with its legend, which makes it higher than the photograph.
 * @throws UserError "input" where the label is of another size
 */
export async function renderOverlay(
  rgb: RgbImage,
  label: LabelMap,
  dataset: DatasetDescription,
  options: OverlayOptions = {},
): Promise<Uint8Array> {
  const { width, height, data } = overlayPicture(rgb, label, dataset, options);
  const size = Math.min(40, Math.max(11, Math.round(width / 40)));
  const legend = legendStrip(legendOf(label, dataset), { left: 0, top: 0, width, size });
  const picture = sharp(data, { raw: { width, height, channels: 3 } });
  if (legend.height === 0) return picture.png().toBuffer();
  const strip = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${legend.height}">${legend.parts}</svg>`;
  return picture
    .extend({ bottom: legend.height, background: PAPER })
    .composite([{ input: Buffer.from(strip), left: 0, top: height }])
    .removeAlpha()
    .png()
    .toBuffer();
}

/**
 * The same without legend, as pixels of the photograph's size.
 * @throws UserError "input" where the label is of another size
 */
export function overlayPicture(
  rgb: RgbImage,
  label: LabelMap,
  dataset: DatasetDescription,
  { opacity = 0.55 }: OverlayOptions = {},
): RgbImage {
  const { width, height } = rgb;
  if (label.width !== width || label.height !== height)
    throw expected("input", `a label of ${width}×${height}`, `${label.width}×${label.height}`, "overlay");
  const colours = vocPalette(256).map((colour, value): Colour => dataset.palette[value] ?? colour);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const value = label.data[i];
      if (changesAt(label, x, y)) {
        data.fill(255, 3 * i, 3 * i + 3);
        continue;
      }
      // The background is darkened a little, so that objects stand out.
      const colour = value === dataset.ignore ? hatch(x, y) : value === 0 ? INK : colours[value];
      const cover = value === 0 ? 0.35 * opacity : opacity;
      for (let c = 0; c < 3; c++) data[3 * i + c] = Math.round(rgb.data[3 * i + c] * (1 - cover) + colour[c] * cover);
    }
  return { width, height, data };
}

/** Whether the label is another to the right or below: an outline is drawn there. */
function changesAt({ width, height, data }: LabelMap, x: number, y: number): boolean {
  const i = y * width + x;
  return (x + 1 < width && data[i + 1] !== data[i]) || (y + 1 < height && data[i + width] !== data[i]);
}

function hatch(x: number, y: number): Colour {
  return (x + y) % 6 < 2 ? UNKNOWN_DARK : UNKNOWN_LIGHT;
}
