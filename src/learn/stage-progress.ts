/** The progress of one stage as its share of the whole: one line, in percent of the planned time, with the time left. */

import { partReporter } from "../running/part-reporter";
import type { Reporter } from "../running/reporter";

export interface StageShare {
  readonly name: string;
  /** Planned seconds before this stage, of it, and of everything. */
  readonly before: number;
  readonly seconds: number;
  readonly total: number;
  /** Notices already given; each is given once. */
  readonly said: Set<string>;
}

export function stageReporter(whole: Reporter, { name, before, seconds, total, said }: StageShare): Reporter {
  return partReporter(whole, name, said, ({ done, total: all, label, detail }) => {
    const share = (before + (all > 0 ? done / all : 1) * seconds) / Math.max(total, 1e-9);
    const words = `${name} ${done}/${all}  ${label}`;
    whole.progress({ done: Math.floor(100 * share), total: 100, label: words, detail, unit: "percent" });
  });
}
