/** One object of a photograph: what instance labels, Mask R-CNN and the evaluation exchange. */

import type { CocoBox, Rle } from "./rle";

export interface Instance {
  /** A foreground class of the data set. */
  readonly class: number;
  readonly box: CocoBox;
  readonly mask: Rle;
  /** How sure it is, 0…1; truth has 1. */
  readonly score: number;
}
