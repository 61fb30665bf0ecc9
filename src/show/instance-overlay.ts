/** Objects laid over their photograph: each in a colour of its own, outlined, with its class and its score. */

import sharp from "sharp";
import type { Colour, DatasetDescription } from "../data/dataset";
import type { RgbImage } from "../data/image";
import { vocPalette } from "../data/voc";
import type { Instance } from "../instances/instance";
import { decodeMask } from "../instances/rle";
import { textOutline, textWidth } from "./lettering";

const OPACITY = 0.45;
const COLOURS = vocPalette(256);

/** PNG bytes of a picture of the photograph's size. @param instances the first is drawn last, over the others */
export async function renderInstances(
  rgb: RgbImage,
  instances: readonly Instance[],
  dataset: Pick<DatasetDescription, "classes">,
): Promise<Uint8Array> {
  const { width, height, data } = instancePicture(rgb, instances);
  const size = Math.min(32, Math.max(10, Math.round(Math.sqrt(width * height) / 45)));
  const labels = instances.map(({ class: label, score, box: [x, y] }, i) => {
    const text = `${dataset.classes[label]} ${score.toFixed(2)}`;
    return labelPart(
      text,
      Math.max(0, Math.min(x, width - textWidth(text, size) - 6)),
      plateTop(y, size),
      size,
      colourOf(i),
    );
  });
  const drawn = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${labels.reverse().join("")}</svg>`;
  return sharp(data, { raw: { width, height, channels: 3 } })
    .composite([{ input: Buffer.from(drawn), left: 0, top: 0 }])
    .removeAlpha()
    .png()
    .toBuffer();
}

/** The same as pixels, without names. */
export function instancePicture(rgb: RgbImage, instances: readonly Pick<Instance, "mask">[]): RgbImage {
  const { width, height } = rgb;
  const data = Uint8Array.from(rgb.data);
  for (let i = instances.length - 1; i >= 0; i--)
    paint(data, width, height, decodeMask(instances[i].mask), colourOf(i));
  return { width, height, data };
}

/** VOC's colours of objects, which are those of its classes by number. */
function colourOf(index: number): Colour {
  return COLOURS[1 + (index % 255)];
}

/** Changes the picture: the object's colour over it, and white where the object ends. */
function paint(data: Uint8Array, width: number, height: number, mask: Uint8Array, colour: Colour): void {
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      if (mask[i] === 0) continue;
      const isEdge =
        x === 0 || y === 0 || x === width - 1 || y === height - 1 ||
        mask[i - 1] === 0 || mask[i + 1] === 0 || mask[i - width] === 0 || mask[i + width] === 0; // biome-ignore format: eight sides
      for (let c = 0; c < 3; c++)
        data[3 * i + c] = isEdge ? 255 : Math.round(data[3 * i + c] * (1 - OPACITY) + colour[c] * OPACITY);
    }
}

/** The plate stands on the box, or within it where there is no room above. */
function plateTop(top: number, size: number): number {
  const height = 1.35 * size;
  return top >= height ? top - height : Math.max(0, top);
}

/** A text on a plate of the object's colour. */
function labelPart(text: string, x: number, y: number, size: number, [red, green, blue]: Colour): string {
  const ink = 0.3 * red + 0.59 * green + 0.11 * blue > 128 ? "#000" : "#fff";
  const width = textWidth(text, size) + 6;
  return `<rect x="${x}" y="${y}" width="${width}" height="${1.35 * size}" fill="rgb(${red},${green},${blue})"/><path d="${textOutline(text, x + 3, y + size, size)}" fill="${ink}"/>`;
}
