/**
 * EXIF orientation: cameras store a photograph as the sensor saw it and note how it is to be turned. Every viewer and
 * annotation tool shows it turned, so photographs are used so here (the displayed frame), and what comes in the stored frame
 * is turned along.
 */

import { expected } from "../errors";

/** EXIF's numbers: 1 as it is; 2 mirrored; 3 half a turn; 4 upside down; 5 transposed; 6 and 8 quarter turns; 7 both. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** As tools show a photograph, or as its file stores it. */
export type Frame = "displayed" | "stored";

/** Width and height in pixels, as a photograph is displayed. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
  /** How the file's pixels were turned to be displayed (EXIF). Default 1: not at all. */
  readonly orientation?: Orientation;
  /** The frame of annotations whose own size does not tell it. Default: the displayed one. */
  readonly annotated?: Frame;
}

/** The same photograph for readers of annotations that are in a frame of the user's choice. */
export function annotatedIn<T extends ImageSize>(image: T, frame: Frame | "auto" = "auto"): T {
  return frame === "auto" ? image : { ...image, annotated: frame };
}

export function asOrientation(value: unknown): Orientation {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 8 ? (value as Orientation) : 1;
}

/** The size in the other frame: width and height change places for 5 to 8. */
export function storedSize({ width, height, orientation = 1 }: ImageSize): { width: number; height: number } {
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}

/**
 * The frame that an annotation or a raster is in: what its size shows, else what the caller says, else the displayed one.
 * @param given the annotation's own size, if it has one
 * @param what for the message: "an annotation for", "a label of"
 * @throws UserError "input" where it has neither size
 */
export function frameOf(
  given: { readonly width: number; readonly height: number } | undefined,
  size: ImageSize,
  what: string,
  where: string,
): Frame {
  const stored = storedSize(size);
  const isTurned = (size.orientation ?? 1) !== 1;
  const fits = (frame: { width: number; height: number }): boolean =>
    given === undefined || (given.width === frame.width && given.height === frame.height);
  if (isTurned && size.annotated === "stored" && fits(stored)) return "stored";
  if (fits(size)) return "displayed";
  if (isTurned && fits(stored)) return "stored";
  const turned =
    isTurned && stored.width !== stored.height ? ` (${stored.width}×${stored.height} before it is turned)` : "";
  throw expected(
    "input",
    `${what} ${size.width}×${size.height} pixels${turned}, as its image has`,
    `${given?.width}×${given?.height}: was the photograph resized since, or is it another one?`,
    where,
  );
}

/**
 * The same for what is no raster: a user who says that annotations are in the displayed frame is believed even where their
 * size is the stored one (some tools take the size from the file and the places from the screen).
 */
export function frameOfAnnotation(
  given: { readonly width: number; readonly height: number } | undefined,
  size: ImageSize,
  what: string,
  where: string,
): Frame {
  const frame = frameOf(given, size, what, where);
  return size.annotated === "displayed" ? "displayed" : frame;
}

/** A point on the plane of pixels' edges (the photograph reaches from 0 to width), from the stored to the displayed frame. */
export function displayedPoint(
  x: number,
  y: number,
  { width, height, orientation = 1 }: ImageSize,
): [x: number, y: number] {
  switch (orientation) {
    case 1:
      return [x, y];
    case 2:
      return [width - x, y];
    case 3:
      return [width - x, height - y];
    case 4:
      return [x, height - y];
    case 5:
      return [y, x];
    case 6:
      return [width - y, x];
    case 7:
      return [width - y, height - x];
    case 8:
      return [y, height - x];
  }
}

/** The same for the centre of a pixel that is given by its column and row. */
export function displayedPixel(x: number, y: number, size: ImageSize): [x: number, y: number] {
  const [u, v] = displayedPoint(x + 0.5, y + 0.5, size);
  return [u - 0.5, v - 0.5];
}

/** Sides of a box in pixels, both ends included. */
export interface Sides {
  readonly xmin: number;
  readonly ymin: number;
  readonly xmax: number;
  readonly ymax: number;
}

/** A box from the stored to the displayed frame. Sides beyond the last pixel (VOC counts from 1) are taken for the last. */
export function displayedBox(box: Sides, size: ImageSize): Sides {
  const frame = storedSize(size);
  return turnedBox(box, frame, (x, y) => displayedPixel(x, y, size));
}

/** The way back. */
export function storedBox(box: Sides, size: ImageSize): Sides {
  const back = { ...storedSize(size), orientation: INVERSE[(size.orientation ?? 1) - 1] };
  return turnedBox(box, size, (x, y) => displayedPixel(x, y, back));
}

/** The orientation that undoes each: quarter turns undo each other, the others themselves. */
const INVERSE: readonly Orientation[] = [1, 2, 3, 4, 5, 8, 7, 6];

function turnedBox(
  { xmin, ymin, xmax, ymax }: Sides,
  { width, height }: { readonly width: number; readonly height: number },
  turn: (x: number, y: number) => [x: number, y: number],
): Sides {
  const [x0, y0] = turn(Math.min(xmin, width - 1), Math.min(ymin, height - 1));
  const [x1, y1] = turn(Math.min(xmax, width - 1), Math.min(ymax, height - 1));
  return { xmin: Math.min(x0, x1), ymin: Math.min(y0, y1), xmax: Math.max(x0, x1), ymax: Math.max(y0, y1) };
}

/** A raster of `channels` values a pixel, from the stored to the displayed frame. The same array where nothing turns. */
export function displayedRaster<T extends Uint8Array | Float32Array>(stored: T, size: ImageSize, channels = 1): T {
  return moved(stored, size, channels, false);
}

/** The way back. */
export function storedRaster<T extends Uint8Array | Float32Array>(displayed: T, size: ImageSize, channels = 1): T {
  return moved(displayed, size, channels, true);
}

function moved<T extends Uint8Array | Float32Array>(source: T, size: ImageSize, channels: number, isBack: boolean): T {
  if ((size.orientation ?? 1) === 1) return source;
  const frame = storedSize(size);
  const place = (x: number, y: number): number => {
    const [u, v] = displayedPixel(x, y, size);
    return v * size.width + u;
  };
  const first = place(0, 0);
  const [column, row] = [place(1, 0) - first, place(0, 1) - first]; // what a step to the right, and one down, comes to
  const result = source.slice() as T;
  for (let y = 0, stored = 0; y < frame.height; y++)
    for (let x = 0; x < frame.width; x++, stored++) {
      const shown = first + x * column + y * row;
      const [from, to] = isBack ? [shown, stored] : [stored, shown];
      for (let c = 0; c < channels; c++) result[channels * to + c] = source[channels * from + c];
    }
  return result;
}
