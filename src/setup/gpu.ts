/** Whether this machine has an NVIDIA driver and which cards it shows. Nothing is loaded to find out. */

import fs from "node:fs";
import { probeCommand } from "./run-command";

export interface FoundGpu {
  /** One line a card: name and memory. Empty where `nvidia-smi` does not tell. */
  readonly cards: readonly string[];
  readonly driver: string;
}

export type GpuState = { readonly gpu: FoundGpu } | { readonly gpu: undefined; readonly why: string };

/** The Windows Subsystem for Linux reaches the driver through this device. */
const doors = ["/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/dxg"];

export function findGpu(env: NodeJS.ProcessEnv = process.env): GpuState {
  const hidden = env.CUDA_VISIBLE_DEVICES;
  if (hidden !== undefined && (hidden.trim() === "" || hidden.trim().startsWith("-")))
    return { gpu: undefined, why: `CUDA_VISIBLE_DEVICES="${hidden}" hides all GPUs` };
  const fields = ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"];
  const told =
    probeCommand("nvidia-smi", fields, env)
      ?.split("\n")
      .filter((line) => line.trim() !== "") ?? [];
  if (told.length > 0) {
    const rows = told.map((line) => line.split(",").map((part) => part.trim()));
    return { gpu: { cards: rows.map(([name, memory]) => `${name}, ${memory}`), driver: rows[0][2] ?? "unknown" } };
  }
  const door = doors.find((file) => fs.existsSync(file));
  if (door === undefined) return { gpu: undefined, why: "no NVIDIA driver on this machine" };
  return { gpu: { cards: [], driver: `seen at ${door}` } };
}
