/** The quick label that appears while the full one is computed: a small graph and few training steps. */

import type { ImageSize } from "../data/dataset";
import type { EarlierResult, LabelPhotographOptions } from "../label-photograph/label-photograph";
import type { Shapes } from "./protocol";

/** Longest side in pixels of the photograph that the quick label's graph is built from. */
const SIDE = 192;

/** @param earlier the quick label of the strokes before, whose training is resumed where its classes are still the same */
export function firstPassOptions(
  { width, height }: ImageSize,
  earlier: (EarlierResult & { readonly classes: readonly number[] }) | undefined,
  shapes: Shapes,
): LabelPhotographOptions {
  const side = Math.max(width, height) > SIDE ? { graphSide: SIDE } : {};
  const known = earlier?.classes ?? [];
  const drawn = [shapes.boxes, shapes.strokes, shapes.clicks, shapes.pins].flatMap((kind) =>
    kind.map((each) => each.class),
  );
  const resumes = earlier !== undefined && drawn.every((label) => known.includes(label));
  return { ...side, epochs: resumes ? 6 : 16, crfEpochs: resumes ? 4 : 8, ...(resumes ? { initial: earlier } : {}) };
}
