/** Time and memory that the folder's steps would take, photograph by photograph. */

import type { ImageSize } from "../../data/dataset";
import { type CostKind, costOf } from "../../label-photograph/cost";
import { findBackbone } from "../../setup/backbone";
import type { WeakLabelsOfImage } from "../sources/weak-label-source";
import { isLabelled } from "./examine";
import type { Estimate } from "./folder-facts";

export interface StepEstimates {
  add(size: ImageSize, labels: WeakLabelsOfImage, ignore: number): void;
  /** Those of the steps that begin with weak labels; none where there are no labels. */
  all(): Estimate[];
}

export function estimateSteps(): StepEstimates {
  const hasBackbone = findBackbone() !== undefined;
  const sums = new Map<string, { coreSeconds: number; bytes: number }>();
  const add = (step: string, size: ImageSize, classes: number, kind: CostKind): void => {
    const { coreSeconds, bytes } = costOf(size, classes, kind);
    const sum = sums.get(step) ?? { coreSeconds: 0, bytes: 0 };
    sums.set(step, { coreSeconds: sum.coreSeconds + coreSeconds, bytes: Math.max(sum.bytes, bytes) });
  };
  return {
    add(size, labels, ignore) {
      if (!isLabelled(labels)) return;
      const { boxes, points, strokes } = labels;
      const named = new Set([0, ...boxes.map((box) => box.class), ...points.map((point) => point.class)]);
      for (const value of new Set(strokes ?? [])) if (value !== ignore) named.add(value);
      add("make-seeds", size, named.size, "make-seeds");
      add("make-pseudo-labels", size, named.size, kindOf(labels, hasBackbone));
    },
    all: () => [...sums].map(([step, sum]) => ({ step, ...sum })),
  };
}

/** As `make-pseudo-labels` would do it without weights. */
function kindOf({ boxes, points, strokes }: WeakLabelsOfImage, hasBackbone: boolean): CostKind {
  if (boxes.length > 0) return "box";
  if (hasBackbone) return "imagenet";
  return strokes === undefined && points.length > 0 ? "point" : "scribble";
}
