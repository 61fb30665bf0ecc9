/** The reporter of one part of a larger run: its notices carry the part's name and are given once, its end is not the run's. */

import type { Reporter } from "./reporter";

/** @param said notices already given, shared by all parts @param progress the part's progress as a share of the whole */
export function partReporter(
  whole: Reporter,
  name: string,
  said: Set<string>,
  progress: Reporter["progress"],
): Reporter {
  return {
    warn: whole.warn,
    notice(message) {
      if (said.has(message)) return;
      said.add(message);
      whole.notice(`${name}: ${message}`);
    },
    progress,
    finish() {},
  };
}
