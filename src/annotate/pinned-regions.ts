/** Regions that a person called right: runs of pixels between page and server, a label PNG on disk. */

import type { LabelMap } from "../data/label-png";
import type { PinnedRegion } from "./protocol";

/** Draws regions on a label; later ones over earlier ones. */
export function drawPins(pins: readonly PinnedRegion[], data: Uint8Array): void {
  for (const { class: label, runs } of pins)
    for (let i = 0; i < runs.length; i += 2) data.fill(label, runs[i], runs[i] + runs[i + 1]);
}

/** The four-connected regions of one class each, of a label that holds `ignore` wherever nothing is pinned. */
export function pinsOf({ width, height, data }: LabelMap, ignore: number): PinnedRegion[] {
  const region = new Int32Array(width * height).fill(-1);
  const classes: number[] = [];
  const stack: number[] = [];
  for (let start = 0; start < data.length; start++) {
    if (data[start] === ignore || region[start] >= 0) continue;
    const index = classes.push(data[start]) - 1;
    region[start] = index;
    stack.push(start);
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const x = at % width;
      if (x > 0) visit(at - 1, index);
      if (x < width - 1) visit(at + 1, index);
      if (at >= width) visit(at - width, index);
      if (at < data.length - width) visit(at + width, index);
    }
  }
  function visit(at: number, index: number): void {
    if (region[at] >= 0 || data[at] !== classes[index]) return;
    region[at] = index;
    stack.push(at);
  }
  const runs: number[][] = classes.map(() => []);
  for (let at = 0; at < data.length; ) {
    const index = region[at];
    let end = at + 1;
    while (end < data.length && region[end] === index && end % width !== 0) end++;
    if (index >= 0) runs[index].push(at, end - at);
    at = end;
  }
  return classes.map((label, index) => ({ class: label, runs: runs[index] }));
}
