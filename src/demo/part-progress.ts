/** One supervision's progress and notices as a part of the whole demo's. */

import { partReporter } from "../running/part-reporter";
import type { Reporter } from "../running/reporter";

export interface Part {
  readonly label: string;
  /** Hundreds of training steps before this part, of each of its images, and altogether. */
  readonly before: number;
  readonly each: number;
  readonly total: number;
  /** Notices already given; each is given once. */
  readonly notices: Set<string>;
}

export function partOf(whole: Reporter, { label, before, each, total, notices }: Part): Reporter {
  return partReporter(whole, label, notices, ({ done, label: image, detail }) =>
    whole.progress({ done: before + each * done, total, label: `${label} ${image}`, detail, unit: "100 steps" }),
  );
}
