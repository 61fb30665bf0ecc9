/**
 * What a person says about one photograph, in any mix: boxes, strokes, clicks, image tags with class activation maps, or
 * a seed label made elsewhere. Classes may be given by name or by number everywhere.
 */

import type { LabelMap } from "../data/label-png";
import type { Point } from "../data/points";
import type { Box } from "../data/voc-boxes";

/** A class of the data set by its name or an alias ("cat"), or by its index (8). 0 and "background" are the background. */
export type ClassReference = string | number;

/** Sides in pixels, both ends included, as VOC writes them; the class is a foreground class. */
export interface WeakBox extends Omit<Box, "class"> {
  readonly class: ClassReference;
}

/** A polyline: x, y, x, y, … in pixels. A single point draws a dot. */
export interface Stroke {
  readonly class: ClassReference;
  readonly points: readonly number[];
  /** Pixels. Default 3. */
  readonly width?: number;
}

/** A click, in pixels; fractions are allowed. */
export interface Click extends Omit<Point, "class"> {
  readonly class: ClassReference;
}

/** At least one kind; several may be given at once. */
export interface WeakLabels {
  readonly boxes?: readonly WeakBox[];
  /** Polylines, or a label of the photograph's size that holds the ignore value wherever nothing is drawn. */
  readonly strokes?: LabelMap | readonly Stroke[];
  readonly clicks?: readonly Click[];
  /** Every foreground class that the photograph shows. Tags alone label no pixel: they need `maps` or another kind. */
  readonly tags?: readonly ClassReference[];
  /** Class activation maps at the photograph's size, [H·W] each, by foreground class. */
  readonly maps?: ReadonlyMap<ClassReference, Float32Array>;
  /** A seed label of the photograph's size, as `makeSeeds` or `inferSeam` write it. Boxes beside it make no seeds of their own. */
  readonly seed?: LabelMap;
}
