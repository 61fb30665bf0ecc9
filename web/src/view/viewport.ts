/** Where the photograph is on the screen: its scale and the place of its upper left corner, in pixels of the screen. */

import type { Place, Size } from "../model/shapes";

export interface Viewport {
  readonly scale: number;
  readonly left: number;
  readonly top: number;
}

const MOST = 40;

/** The whole photograph in the middle of the stage, with a margin. */
export function fitted({ width, height }: Size, stage: Size): Viewport {
  const scale = Math.max(0.01, Math.min((stage.width - 24) / width, (stage.height - 24) / height));
  return { scale, left: (stage.width - width * scale) / 2, top: (stage.height - height * scale) / 2 };
}

/** Zoomed about a place of the screen, which keeps its place on the photograph. */
export function zoomed({ scale, left, top }: Viewport, factor: number, about: Place): Viewport {
  const next = Math.min(MOST, Math.max(0.01, scale * factor));
  const ratio = next / scale;
  return { scale: next, left: about.x - (about.x - left) * ratio, top: about.y - (about.y - top) * ratio };
}

export function moved(viewport: Viewport, dx: number, dy: number): Viewport {
  return { ...viewport, left: viewport.left + dx, top: viewport.top + dy };
}

/** Whole numbers are centres of pixels in the files, their upper left corners on a canvas. */
export function toPhotograph({ scale, left, top }: Viewport, { x, y }: Place): Place {
  return { x: (x - left) / scale - 0.5, y: (y - top) / scale - 0.5 };
}

export function toScreen({ scale, left, top }: Viewport, { x, y }: Place): Place {
  return { x: (x + 0.5) * scale + left, y: (y + 0.5) * scale + top };
}
