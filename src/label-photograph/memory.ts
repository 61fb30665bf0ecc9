/**
 * Memory that labelling a photograph takes, told before it begins: a process that the system ends for want of memory says
 * nothing. Estimates, from the sizes of the arrays and measured peaks (docs/measurements.md, "Large photographs").
 */

import os from "node:os";
import type { ResolvedLabelConfig } from "../config/pseudo-label-presets";
import type { ImageSize } from "../data/dataset";
import { UserError } from "../errors";

type Asked = Pick<ResolvedLabelConfig, "features" | "workPixels">;

/** Bytes of Node.js, TensorFlow and, with an affinity network, its weights. */
const PROCESS = { own: 0.6e9, network: 0.5e9 } as const;
/** Bytes of each pixel that goes into the graph network and the dense CRF, and of each that does not; and of each class there. */
const WORK = { pixel: 800, class: 40 } as const;
const FULL = { pixel: 24 } as const;

/** How many classes a label may have: a network's features know all of the data set, others what the weak label names. */
export function classCount(features: Asked["features"], named: Iterable<number>, all: number): number {
  return features === "cnn" || features === "files" ? all : Math.min(all, new Set([0, ...named]).size);
}

/** Peak of the whole process, in bytes. @param classes that its label may have */
export function memoryOf({ width, height }: ImageSize, classes: number, { features, workPixels }: Asked): number {
  const full = width * height;
  const work = workPixels === 0 ? full : Math.min(full, workPixels);
  const fixed = PROCESS.own + (features === "cnn" ? PROCESS.network : 0);
  return fixed + work * (WORK.pixel + WORK.class * classes) + full * FULL.pixel;
}

/** What the machine, or the container around the process, has. */
export function memoryLimit(): number {
  const constrained = process.constrainedMemory();
  const total = os.totalmem();
  return constrained > 0 && constrained < total ? constrained : total;
}

/** @throws UserError "input" where a photograph needs more memory than there is */
export function checkMemory(size: ImageSize, classes: number, config: Asked, limit: number = memoryLimit()): void {
  const needed = memoryOf(size, classes, config);
  if (needed <= limit) return;
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  const megapixels = (size.width * size.height) / 1e6;
  const smaller = { ...config, workPixels: USUAL_WORK };
  const helps = config.workPixels !== USUAL_WORK && memoryOf(size, classes, smaller) <= limit;
  const cure = helps ? `--work-pixels ${USUAL_WORK} labels it in a smaller size` : "reduce the photograph";
  throw new UserError(
    "input",
    `${size.width}×${size.height} pixels (${megapixels.toFixed(0)} megapixels) would take about ${gigabytes(needed)} of memory, and there are ${gigabytes(limit)}: ${cure}`,
  );
}

const USUAL_WORK = 1_000_000;
