/**
 * How far an instance label can be trusted: the mean probability of its class, times how well its mask agrees with the
 * seed where that says something of its own (GrabCut's cut, in the seeds of `make-seeds`). A person who has time for few
 * objects looks at the least first.
 */

import type { LabelMap } from "../data/label-png";
import type { InstanceLabels, LabelledInstance } from "./instance-labels";
import { eachPixelOf, type InstanceMark, spanOf } from "./instance-mark";
import { maskArea } from "./rle";

/** @returns the instances with confidence, 0…1, as their score */
export function withConfidence(
  { owners, instances }: InstanceLabels,
  marks: readonly InstanceMark[],
  seed: LabelMap,
): LabelledInstance[] {
  return instances.map((instance, index) => ({
    ...instance,
    score: instance.score * agreement(owners, index, marks[index], seed, maskArea(instance.mask)),
  }));
}

/** IoU of the instance and the seed's pixels of its class in its box; those of other instances do not count. */
function agreement(owners: Int32Array, index: number, mark: InstanceMark, seed: LabelMap, area: number): number {
  let [both, seeds] = [0, 0];
  eachPixelOf(spanOf(mark, seed), seed.width, (pixel) => {
    if (seed.data[pixel] !== mark.class || (owners[pixel] !== index && owners[pixel] >= 0)) return;
    seeds++;
    if (owners[pixel] === index) both++;
  });
  return area + seeds - both > 0 ? both / (area + seeds - both) : 0;
}
