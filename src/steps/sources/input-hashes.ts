/** Hashes of all that an image's label is made of, so that a label whose inputs have changed since is known. */

import path from "node:path";
import type { ResolvedConfig } from "../../config/pseudo-label-presets";
import { hashFile, hashFiles, hashValue, type Inputs } from "../../data/file-hash";
import { findImage } from "../../data/image";
import { pointsEntry, readPointsFile } from "../../data/points";

export type InputsOf = (id: string) => Promise<Inputs>;

/** A photograph by itself, and the weights of the network that looks at it. */
export function openPhotographHashes(root: string, weights: string | undefined): InputsOf {
  const hash = weights === undefined ? Promise.resolve(undefined) : hashFile(weights);
  return async (id) => ({ photograph: await photographHash(root, id), weights: await hash });
}

/** Of `make-pseudo-labels`: what its options lead it to read of an image. */
export async function openLabelHashes(config: ResolvedConfig): Promise<InputsOf> {
  const { voc12Root, supervision, seedLabelRoot, features, graphDir } = config;
  const photographs = openPhotographHashes(voc12Root, features === "cnn" ? config.weights : undefined);
  const boxes = config.boxXmlPath ?? path.join(voc12Root, "Annotations");
  const scribbles = config.scribbles ?? path.join(voc12Root, "Scribbles");
  const readsPoints = seedLabelRoot === undefined && supervision === "point";
  const points = readsPoints ? await readPointsFile(config.points ?? path.join(voc12Root, "points.json")) : undefined;
  return async (id) => ({
    ...(await photographs(id)),
    ...(supervision === "box" || config.multiPoint ? { boxes: await hashFile(path.join(boxes, `${id}.xml`)) } : {}),
    ...(seedLabelRoot === undefined ? {} : { "seed label": await hashFile(path.join(seedLabelRoot, `${id}.png`)) }),
    ...(points === undefined ? {} : { clicks: hashValue(pointsEntry(points, id)) }),
    ...(seedLabelRoot === undefined && supervision === "scribble"
      ? { scribbles: await scribbleHash(scribbles, id) }
      : {}),
    ...(config.rw && config.camDir !== undefined
      ? { maps: await hashFile(path.join(config.camDir, `${id}.npy`)) }
      : {}),
    ...(features === "files" && graphDir !== undefined ? { features: await graphHash(graphDir, id) } : {}),
  });
}

/** A missing photograph is named where it is read, not here. */
export async function photographHash(root: string, id: string): Promise<string | undefined> {
  const file = await findImage(root, id).catch(() => undefined);
  return file === undefined ? undefined : hashFile(file);
}

/** Of the files among which an image's scribbles are looked for. */
export function scribbleHash(folder: string, id: string): Promise<string | undefined> {
  return hashFiles([".txt", ".xml", ".png"].map((extension) => path.join(folder, id + extension)));
}

function graphHash(folder: string, id: string): Promise<string | undefined> {
  return hashFiles([".npy", ".affinity.npy"].map((extension) => path.join(folder, id + extension)));
}
