/** Every step of the command line, in the order of the data flow. */

import type { Step } from "./step";

export const steps: readonly Step<never>[] = [];
