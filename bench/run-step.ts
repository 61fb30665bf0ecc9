/**
 * A step of the command line as it is run, from JPEG to what it writes. Called by index.ts with the step's name and
 * configuration as JSON.
 */

import { useBackend } from "../src/backend";
import { steps } from "../src/commands";
import type { Step } from "../src/running/step";
import { measureHere, reportFailure } from "./own-process";

async function main(): Promise<void> {
  const { name, config } = JSON.parse(process.argv[2]) as { name: string; config: object };
  const step = steps.find((each) => each.name === name) as Step<object>;
  await measureHere(async () => {
    await useBackend("native");
    return async () => {
      const memory: number[] = [];
      const summary = await step.run(config, {
        reporter: {
          notice() {},
          warn: (message) => process.stderr.write(`${message}\n`),
          progress: () => void memory.push(process.memoryUsage().rss / 1e6),
          finish() {},
        },
      });
      if (summary.done !== summary.images) throw new Error(`${summary.done} of ${summary.images} images done`);
      return `memory over time ${everyTenth(memory).join(" ")} MB`;
    };
  });
}

/** At most ten values of a long series. */
function everyTenth(values: readonly number[]): number[] {
  const stride = Math.max(1, Math.ceil(values.length / 10));
  return values.filter((_, i) => i % stride === 0).map(Math.round);
}

main().catch(reportFailure);
