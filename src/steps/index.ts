/** Every step of the command line, in the order of the data flow. */

import { evaluate } from "./evaluate";
import type { Step } from "./step";

export const steps: readonly Step<object>[] = [evaluate];
