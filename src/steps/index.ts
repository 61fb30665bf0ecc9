/** Every step of the command line, in the order of the data flow. */

import { demo } from "./demo";
import { doctor } from "./doctor";
import { evaluate } from "./evaluate";
import { makePseudoLabels } from "./make-pseudo-labels";
import { makeSeeds } from "./make-seeds";
import { setup } from "./setup";
import type { Step } from "./step";

export const steps: readonly Step<object>[] = [setup, doctor, demo, makeSeeds, makePseudoLabels, evaluate];
