/**
 * Memory that labelling a photograph takes, told before it begins: a process that the system ends for want of memory says
 * nothing. By the estimates of `cost.ts`.
 */

import os from "node:os";
import type { ResolvedLabelConfig } from "../config/pseudo-label-presets";
import type { ImageSize } from "../data/dataset";
import { UserError } from "../errors";
import { costOf } from "./cost";

type Asked = Pick<ResolvedLabelConfig, "features" | "workPixels" | "graphSide" | "supervision">;

/** An affinity network at full width, and what it makes of each megapixel. */
const NETWORK_BYTES = { weights: 0.6e9, megapixel: 0.9e9 };
/** The size in which large photographs are labelled unless another is asked for. */
const USUAL_WORK = 1_000_000;

/** Estimates are rough: what exceeds the machine by less may still fit. */
const SLACK = 1.25;

/** How many classes a label may have: a network's features know all of the data set, others what the weak label names. */
export function classCount(features: Asked["features"], named: Iterable<number>, all: number): number {
  return features === "cnn" || features === "files" ? all : Math.min(all, new Set([0, ...named]).size);
}

/** Peak of the whole process, in bytes. @param classes that its label may have */
export function memoryOf(size: ImageSize, classes: number, config: Asked): number {
  const { features, supervision } = config;
  const kind =
    features === "imagenet" || features === "learned" ? "imagenet" : supervision === "image" ? "scribble" : supervision;
  const { bytes } = costOf(size, classes, kind, config);
  if (features !== "cnn") return bytes;
  const pixels = size.width * size.height;
  const work = config.workPixels === 0 ? pixels : Math.min(pixels, config.workPixels);
  return bytes + NETWORK_BYTES.weights + (NETWORK_BYTES.megapixel * work) / 1e6;
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
  if (needed <= SLACK * limit) return;
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
