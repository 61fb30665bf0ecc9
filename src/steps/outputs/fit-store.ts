/**
 * Trained logits of images, kept in a folder: a run that differs in what comes after the training alone (resizing, random
 * walk, dense CRF) takes them from there. A file's name has the hash of all that the training depends on, so that logits
 * of other seeds, options or weights are never taken for these.
 */

import { createHash } from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../../atomic-write";
import { backendInUse } from "../../backend";
import type { ResolvedConfig } from "../../config/pseudo-label-presets";
import { fileExists } from "../../data/bounded-file";
import type { FitOptions } from "../../graph/fit-options";
import type { LabelInput } from "../../label-photograph/label-image";
import { version } from "../../version";
import { decodeNpy, encodeNpy } from "../../weights/npy";
import { openFolder } from "./output-folder";
import { hashWeights } from "./run-record";

export interface FitStore {
  /**
   * @param options all that the training depends on beside its input
   * @param train makes the logits, [n, K], where they are not kept
   */
  fitLogits(
    id: string,
    input: LabelInput,
    options: FitOptions & { readonly seedPadding: number },
    train: () => Promise<Float32Array>,
  ): Promise<Float32Array>;
}

/** Without a folder nothing is kept. @throws UserError "output" for a folder that cannot be written */
export async function openFitStore({
  fits: folder,
  features,
  weights,
}: Pick<ResolvedConfig, "fits" | "features" | "weights">): Promise<FitStore> {
  if (folder === undefined) return { fitLogits: (_id, _input, _options, train) => train() };
  await openFolder(folder);
  const graph = features === "cnn" && weights !== undefined ? (await hashWeights(weights)).sha256 : features;
  return {
    async fitLogits(id, input, options, train) {
      const file = path.join(folder, `${id}-${keyOf(input, options, graph)}.npy`);
      const shape = [input.graph.height * input.graph.width, input.classes];
      const kept = await readLogits(file, shape);
      if (kept !== undefined) return kept;
      const logits = await train();
      await writeAtomic(file, encodeNpy({ shape, data: logits }));
      return logits;
    },
  };
}

/** An unreadable file is as good as none: the training makes it again. */
async function readLogits(file: string, shape: readonly number[]): Promise<Float32Array | undefined> {
  if (!(await fileExists(file))) return undefined;
  try {
    const { shape: found, data } = decodeNpy(await fs.readFile(file), file);
    return data instanceof Float32Array && String(found) === String(shape) ? data : undefined;
  } catch {
    return undefined;
  }
}

function keyOf(
  { image, seed, drawn, boxes, graph, classes, ignore }: LabelInput,
  options: object,
  source: string,
): string {
  const backend = backendInUse();
  const facts = { version, backend: backend?.name, tensorflow: backend?.tensorflow, source, radius: graph.radius };
  return createHash("sha256")
    .update(JSON.stringify({ ...facts, options, boxes, classes, ignore, width: image.width, height: image.height }))
    .update(image.data)
    .update(seed.data)
    .update(drawn?.data ?? "")
    .update(source === "files" ? graph.affinity.values : "")
    .update(source === "files" ? (graph.features.dataSync() as Float32Array) : "")
    .digest("hex")
    .slice(0, 16);
}
