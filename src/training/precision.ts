/** What `--precision` means on the backend in use: how exactly a training multiplies. */

import fs from "node:fs";
import type { BackendInUse } from "../backend";
import type { Precision } from "../config/training";
import { expected } from "../errors";
import { bfloat16Problem } from "../network/bfloat16";

/**
 * @param asked the option
 * @param notice told where it is in use for nothing, or another one is
 * @returns the one in use
 * @throws UserError "environment" where the backend has none such
 */
export function checkPrecision(
  asked: Precision,
  backend: BackendInUse | undefined,
  notice: (message: string) => void,
): Precision {
  const { name = "cpu", tensorflow, usesGpu = false, tf32 = false } = backend ?? {};
  const where = `--precision ${asked}`;
  if (asked === "tf32" && !usesGpu) throw expected("environment", "an NVIDIA GPU in use", `backend ${name}`, where);
  if (asked === "tf32" && !tf32)
    throw expected("environment", 'useBackend("gpu", { tf32: true })', "a backend loaded without tf32", where);
  if (asked === "bfloat16" && tensorflow === undefined)
    throw expected("environment", "a backend of TensorFlow, native or gpu", `backend ${name}`, where);
  const problem = asked === "bfloat16" ? bfloat16Problem() : undefined;
  if (problem !== undefined) throw expected("environment", "exact sums of bfloat16 products", problem, where);
  if (asked === "bfloat16" && !usesGpu && !multipliesBfloat16())
    notice("this processor has no instructions for bfloat16: float32 is faster on it");
  if (asked !== "float32" || !tf32) return asked;
  notice(
    "this GPU may multiply in TF32 (Ampere and newer do), not in float32: NVIDIA_TF32_OVERRIDE or useBackend says so",
  );
  return "tf32";
}

/**
 * Whether the processor has AVX512_BF16, AMX, or Arm's instructions. True where nothing tells.
 * @param description as Linux has it in /proc/cpuinfo
 */
export function multipliesBfloat16(description: string | undefined = readDescription()): boolean {
  const features = /^(flags|Features)\s*:.*$/m.exec(description ?? "")?.[0];
  return features === undefined || /\b(avx512_bf16|amx_bf16|bf16)\b/.test(features);
}

function readDescription(): string | undefined {
  try {
    return fs.readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return undefined;
  }
}
