/** A label as a picture to lay over the photograph: filled, or its outlines alone. Made again only when the label changes. */

import type { ClassEntry } from "../../../src/annotate/protocol";
import type { PinnedRegion, Size } from "../model/shapes";

/** Class colours, opaque; background and unknown pixels are left clear. */
export function filledPicture(label: Uint8Array, size: Size, classes: readonly ClassEntry[]): HTMLCanvasElement {
  const colours = packedColours(classes);
  return picture(size, (pixels) => {
    for (let i = 0; i < label.length; i++) pixels[i] = colours[label[i]];
  });
}

/** The border pixels of every region, `thickness` pixels wide. */
export function outlinePicture(
  label: Uint8Array,
  size: Size,
  classes: readonly ClassEntry[],
  thickness: number,
): HTMLCanvasElement {
  const colours = packedColours(classes);
  const { width, height } = size;
  return picture(size, (pixels) => {
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const i = y * width + x;
        const right = x + 1 < width ? label[i + 1] : label[i];
        const below = y + 1 < height ? label[i + width] : label[i];
        if (label[i] === right && label[i] === below) continue;
        const colour = colours[label[i]] || colours[right] || colours[below];
        for (let dy = 0; dy < thickness && y + dy < height; dy++)
          for (let dx = 0; dx < thickness && x + dx < width; dx++) pixels[i + dy * width + dx] = colour;
      }
  });
}

/** Pinned regions as a hatching. */
export function pinPicture(pins: readonly PinnedRegion[], size: Size): HTMLCanvasElement {
  const { width } = size;
  const pitch = Math.max(6, Math.round(width / 80));
  return picture(size, (pixels) => {
    for (const { runs } of pins)
      for (let r = 0; r < runs.length; r += 2)
        for (let i = runs[r]; i < runs[r] + runs[r + 1]; i++) {
          const phase = ((i % width) + Math.floor(i / width)) % pitch;
          if (phase === 0) pixels[i] = 0xe0ffffff;
          else if (phase === 1) pixels[i] = 0x80000000;
        }
  });
}

function picture({ width, height }: Size, fill: (pixels: Uint32Array) => void): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  const data = context.createImageData(width, height);
  fill(new Uint32Array(data.data.buffer));
  context.putImageData(data, 0, 0);
  return canvas;
}

/** ABGR as little-endian machines hold RGBA; 0 for the background and every value that is no class. */
function packedColours(classes: readonly ClassEntry[]): Uint32Array {
  const colours = new Uint32Array(256);
  for (const [index, { colour }] of classes.entries())
    if (index > 0) colours[index] = (0xff000000 | (colour[2] << 16) | (colour[1] << 8) | colour[0]) >>> 0;
  return colours;
}
