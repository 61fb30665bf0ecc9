/** The quick label that appears while the full one is computed: a small graph and few training steps. */

import type { ImageSize } from "../data/dataset";
import type { EarlierResult, LabelPhotographOptions } from "../label-photograph/label-photograph";
import { canResume } from "../label-photograph/resume-parameters";
import type { Shapes } from "./protocol";

/** Longest side in pixels of the photograph that the quick label's graph is built from. */
const SIDE = 192;
/** A larger photograph gets its quick label at this size, brought back to its own along its edges. */
const PIXELS = 200_000;
/** Training steps of the two phases: from the beginning, and where the quick label of the strokes before is resumed. */
const FRESH = { epochs: 16, crfEpochs: 8 };
const RESUMED = { epochs: 6, crfEpochs: 4 };
/** Of the dense CRF; it changes little after the first few. */
const ITERATIONS = { crfIterations: 5 };

/** The size that the quick label is computed at, as options. */
export function firstPassSize({ width, height }: ImageSize): Pick<LabelPhotographOptions, "graphSide" | "workPixels"> {
  return {
    ...(Math.max(width, height) > SIDE ? { graphSide: SIDE } : {}),
    ...(width * height > PIXELS ? { workPixels: PIXELS } : {}),
  };
}

/** @param earlier the quick label of the strokes before, whose training is resumed unless a class is new */
export function firstPassOptions(
  image: ImageSize,
  earlier: EarlierResult | undefined,
  shapes: Shapes,
): LabelPhotographOptions {
  const usual = { ...firstPassSize(image), ...ITERATIONS };
  const drawn = [shapes.boxes, shapes.strokes, shapes.clicks, shapes.pins].flatMap((kind) =>
    kind.map((each) => each.class),
  );
  if (earlier === undefined || !canResume(earlier.learned, drawn)) return { ...usual, ...FRESH };
  return { ...usual, ...RESUMED, initial: earlier };
}
