/** The mIoU of one photograph's label, as the scripts that correct labels by strokes count it. */

import type { LabelMap } from "../src/data/label-png";

/** Over the given classes; unknown pixels of the truth do not count. */
export function meanIou(label: LabelMap, truth: LabelMap, classes: readonly number[], ignore: number): number {
  const shares = classes.map((value) => {
    let [both, either] = [0, 0];
    for (let i = 0; i < truth.data.length; i++) {
      if (truth.data[i] === ignore) continue;
      const [a, b] = [label.data[i] === value, truth.data[i] === value];
      if (a && b) both++;
      if (a || b) either++;
    }
    return both / either;
  });
  return shares.reduce((a, b) => a + b, 0) / shares.length;
}
