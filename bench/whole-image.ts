/**
 * `make-pseudo-labels` in a process of its own, from JPEG to PNG, all steps, with dropout: seconds an image and peak memory.
 * Called by index.ts with the step's configuration as JSON; prints one line of JSON.
 */

import { useBackend } from "../src/backend";
import { makePseudoLabels } from "../src/steps/make-pseudo-labels";

async function main(): Promise<void> {
  const started = performance.now();
  await useBackend("native");
  const ready = performance.now();
  const memory: number[] = [];
  const summary = await makePseudoLabels.run(JSON.parse(process.argv[2]), {
    reporter: {
      notice() {},
      warn: (message) => process.stderr.write(`${message}\n`),
      progress: () => void memory.push(process.memoryUsage().rss / 1e6),
      finish() {},
    },
  });
  const seconds = (performance.now() - ready) / 1000;
  process.stdout.write(
    `${JSON.stringify({
      images: summary.done,
      failed: summary.failed,
      startSeconds: (ready - started) / 1000,
      seconds,
      secondsPerImage: seconds / Math.max(1, summary.done),
      peakMegabytes: process.resourceUsage().maxRSS / 1e3,
      memory: everyTenth(memory),
    })}\n`,
  );
}

/** At most ten values of a long series. */
function everyTenth(values: readonly number[]): number[] {
  const stride = Math.max(1, Math.ceil(values.length / 10));
  return values.filter((_, i) => i % stride === 0).map(Math.round);
}

main().catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
});
