/** The summary of a step over images as lines for a person. */

import type { Summary } from "./step";

export function describeSummary(summary: Summary): string {
  const failures = summary.failed.map(({ image, reason }) => `  failed: ${image}: ${reason}`);
  const head = `${summary.step}: ${summary.done} done, ${alreadyThere(summary)}, ${summary.failed.length} failed of ${summary.images} in ${summary.seconds.toFixed(1)} s`;
  return [head, ...failures].join("\n");
}

/** "3 already there, 1 kept as somebody else made or corrected it". */
export function alreadyThere({ skipped, kept = 0 }: Pick<Summary, "skipped" | "kept">): string {
  const what = kept === 1 ? "it" : "them";
  return `${skipped} already there${kept > 0 ? `, ${kept} kept as somebody else made or corrected ${what}` : ""}`;
}
