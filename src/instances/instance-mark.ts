/** What says that there is an object: a box around it, or a click or stroke on it. */

import type { ImageSize } from "../data/dataset";
import type { Box } from "../data/voc-boxes";

export interface InstanceMark {
  /** A foreground class. */
  readonly class: number;
  /** Both ends included; the object is within it. Without a box it may be anywhere. */
  readonly box?: Omit<Box, "class">;
  /** Row-major indices of pixels that are the object's for certain: a click's, a stroke's. */
  readonly pixels?: ArrayLike<number>;
}

/** A rectangle of pixels or cells, both ends included. */
export interface Span {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Where a mark's object may be: the pixels of its box that are in the image, or all of them. */
export function spanOf({ box }: InstanceMark, { width, height }: ImageSize): Span {
  if (box === undefined) return { left: 0, top: 0, right: width - 1, bottom: height - 1 };
  const left = Math.min(Math.max(box.xmin, 0), width - 1); // VOC counts from 1: a box may begin at the width
  const top = Math.min(Math.max(box.ymin, 0), height - 1);
  return {
    left,
    top,
    right: Math.max(left, Math.min(box.xmax, width - 1)),
    bottom: Math.max(top, Math.min(box.ymax, height - 1)),
  };
}

export function spanArea({ left, top, right, bottom }: Span): number {
  return (right - left + 1) * (bottom - top + 1);
}

export function isWithin({ left, top, right, bottom }: Span, x: number, y: number): boolean {
  return x >= left && x <= right && y >= top && y <= bottom;
}

/** Whether the middle of a pixel is within the ellipse that touches the four sides of a span. */
export function isInEllipse({ left, top, right, bottom }: Span, x: number, y: number): boolean {
  const u = (2 * x - left - right) / (right - left + 1);
  const v = (2 * y - top - bottom) / (bottom - top + 1);
  return u * u + v * v <= 1;
}

/** Calls `visit` with the row-major index of each pixel of a span. */
export function eachPixelOf(span: Span, width: number, visit: (pixel: number, x: number, y: number) => void): void {
  for (let y = span.top; y <= span.bottom; y++)
    for (let x = span.left; x <= span.right; x++) visit(y * width + x, x, y);
}
