/** Every step of the command line, in the order of the data flow. */

import { doctor } from "./doctor";
import { evaluate } from "./evaluate";
import { makePseudoLabels } from "./make-pseudo-labels";
import { setup } from "./setup";
import type { Step } from "./step";

export const steps: readonly Step<object>[] = [setup, doctor, makePseudoLabels, evaluate];
