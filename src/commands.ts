/** Every step of the command line, in the order of the data flow. */

import { ablate } from "./ablation/ablate";
import { demo } from "./demo/demo";
import { learn } from "./learn/learn";
import { report } from "./report/report";
import { reproduce } from "./reproduce/reproduce";
import type { Step } from "./running/step";
import { annotate } from "./steps/annotate";
import { check } from "./steps/check";
import { doctor } from "./steps/doctor";
import { evaluate } from "./steps/evaluate";
import { inferSeam } from "./steps/infer-seam";
import { makePseudoLabels } from "./steps/make-pseudo-labels";
import { makeSeeds } from "./steps/make-seeds";
import { segment } from "./steps/segment";
import { setup } from "./steps/setup";
import { trainAffinity } from "./steps/train-affinity";
import { trainSeam } from "./steps/train-seam";
import { trainSegmenter } from "./steps/train-segmenter";

export const steps: readonly Step<object>[] = [
  setup,
  doctor,
  demo,
  check,
  annotate,
  learn,
  trainSeam,
  inferSeam,
  makeSeeds,
  trainAffinity,
  makePseudoLabels,
  trainSegmenter,
  segment,
  evaluate,
  ablate,
  report,
  reproduce,
];
