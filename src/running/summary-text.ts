/** The summary of a step over images as lines for a person. */

import type { Summary } from "./step";

export function describeSummary(summary: Summary): string {
  const failures = summary.failed.map(({ image, reason }) => `  failed: ${image}: ${reason}`);
  const head = `${summary.step}: ${summary.done} done, ${summary.skipped} already there, ${summary.failed.length} failed of ${summary.images} in ${summary.seconds.toFixed(1)} s`;
  return [head, ...failures].join("\n");
}
