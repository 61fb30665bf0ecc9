/** The regions of a label: four-connected pixels of one class, as runs. Their outlines are `instances/region-outline.ts`'s. */

import type { LabelMap } from "../data/label-png";
import { pinsOf } from "./pinned-regions";

export interface LabelRegion {
  readonly class: number;
  /** Start and length of each run of pixels, row-major, ascending. */
  readonly runs: readonly number[];
  readonly area: number;
  /** Pixels, both ends included. */
  readonly box: { readonly xmin: number; readonly ymin: number; readonly xmax: number; readonly ymax: number };
}

/** Every region of a foreground class, in the order of its first pixel. */
export function labelRegions(label: LabelMap, ignore: number): LabelRegion[] {
  const data = label.data.map((value) => (value === 0 ? ignore : value));
  return pinsOf({ ...label, data }, ignore).map(({ class: index, runs }) => {
    let area = 0;
    const box = { xmin: label.width, ymin: label.height, xmax: 0, ymax: 0 };
    for (let i = 0; i < runs.length; i += 2) {
      const [x, y] = [runs[i] % label.width, Math.floor(runs[i] / label.width)];
      area += runs[i + 1];
      box.xmin = Math.min(box.xmin, x);
      box.xmax = Math.max(box.xmax, x + runs[i + 1] - 1);
      box.ymin = Math.min(box.ymin, y);
      box.ymax = Math.max(box.ymax, y);
    }
    return { class: index, runs, area, box };
  });
}
