/** Every step of the command line, in the order of the data flow. */

import type { Step } from "../running/step";
import { ablate } from "./ablate";
import { demo } from "./demo";
import { doctor } from "./doctor";
import { evaluate } from "./evaluate";
import { inferSeam } from "./infer-seam";
import { makePseudoLabels } from "./make-pseudo-labels";
import { makeSeeds } from "./make-seeds";
import { report } from "./report";
import { segment } from "./segment";
import { setup } from "./setup";
import { trainAffinity } from "./train-affinity";
import { trainSeam } from "./train-seam";
import { trainSegmenter } from "./train-segmenter";

export const steps: readonly Step<object>[] = [
  setup,
  doctor,
  demo,
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
];
