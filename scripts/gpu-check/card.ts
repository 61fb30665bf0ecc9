/** What `nvidia-smi` tells of the card: who it is, and how busy it was while something ran. */

import { spawn } from "node:child_process";
import { probeCommand } from "../../src/setup/run-command";

const ASKED = ["name", "driver_version", "memory.total", "compute_cap", "clocks.max.sm", "power.limit"] as const;

/** The fields of every card, by their names; empty where there is no driver. */
export function describeCards(): Record<(typeof ASKED)[number], string>[] {
  const said = probeCommand("nvidia-smi", [`--query-gpu=${ASKED.join(",")}`, "--format=csv,noheader"]);
  return (said ?? "")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const parts = line.split(",").map((part) => part.trim());
      return Object.fromEntries(ASKED.map((name, i) => [name, parts[i]])) as Record<(typeof ASKED)[number], string>;
    });
}

export interface CardUse {
  /** Largest memory in use, GB; other processes' included. */
  readonly peakGigabytes: number;
  /** Mean share of the time in which the card computed, while it computed at all, %. */
  readonly utilisation: number;
}

/** Watches the first visible card from now until `stop`; four samples a second. */
export function watchCard(): { stop(): CardUse | undefined } {
  const fields = ["--query-gpu=memory.used,utilization.gpu", "--format=csv,noheader,nounits", "-lms", "250", "-i", "0"];
  const child = spawn("nvidia-smi", fields, { stdio: ["ignore", "pipe", "ignore"] });
  child.on("error", () => {}); // no driver: no samples
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  return {
    stop() {
      child.kill();
      const samples = text
        .split("\n")
        .map((line) => line.split(",").map(Number))
        .filter((sample) => sample.length === 2 && sample.every(Number.isFinite));
      if (samples.length === 0) return undefined;
      const busy = samples.map(([, share]) => share).filter((share) => share > 0);
      return {
        peakGigabytes: Math.max(...samples.map(([used]) => used)) * (2 ** 20 / 1e9),
        utilisation: busy.reduce((sum, share) => sum + share, 0) / Math.max(1, busy.length),
      };
    },
  };
}
