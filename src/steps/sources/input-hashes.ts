/** Hashes of all that an image's label is made of, so that a label whose inputs have changed since is known. */

import path from "node:path";
import type { ResolvedRun } from "../../config/pseudo-label-presets";
import { hashFile, hashFiles, type Inputs } from "../../data/file-hash";
import { findImage } from "../../data/image";

export type InputsOf = (id: string) => Promise<Inputs>;

/** A photograph by itself, and the weights of the network that looks at it. */
export function openPhotographHashes(root: string, weights: string | undefined): InputsOf {
  const hash = weights === undefined ? Promise.resolve(undefined) : hashFile(weights);
  return async (id) => ({ photograph: await photographHash(root, id), weights: await hash });
}

/** Hashes what the options of `make-pseudo-labels` lead it to read of an image beside the weak labels. */
export async function openLabelHashes(config: ResolvedRun["config"]): Promise<InputsOf> {
  const { voc12Root, seedLabelRoot, features, weights, graphDir, camDir } = config;
  const usesNetwork = features === "cnn" || (features === undefined && graphDir === undefined);
  const photographs = openPhotographHashes(voc12Root, usesNetwork ? weights : undefined);
  const walks = camDir !== undefined && (config.rw || config.supervision === "mixed");
  return async (id) => ({
    ...(await photographs(id)),
    ...(seedLabelRoot === undefined ? {} : { "seed label": await hashFile(path.join(seedLabelRoot, `${id}.png`)) }),
    ...(walks ? { maps: await hashFile(path.join(camDir, `${id}.npy`)) } : {}),
    ...(graphDir !== undefined && (features === undefined || features === "files")
      ? { features: await graphHash(graphDir, id) }
      : {}),
  });
}

/** A missing photograph is named where it is read, not here. */
export async function photographHash(root: string, id: string): Promise<string | undefined> {
  const file = await findImage(root, id).catch(() => undefined);
  return file === undefined ? undefined : hashFile(file);
}

/** Hashes the files among which an image's scribbles are looked for. */
export function scribbleHash(folder: string, id: string): Promise<string | undefined> {
  return hashFiles([".txt", ".xml", ".png"].map((extension) => path.join(folder, id + extension)));
}

function graphHash(folder: string, id: string): Promise<string | undefined> {
  return hashFiles([".npy", ".affinity.npy"].map((extension) => path.join(folder, id + extension)));
}
