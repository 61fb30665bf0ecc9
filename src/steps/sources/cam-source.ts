/** Where an image's class activation maps come from: SEAM's network, or a folder of maps made elsewhere. */

import path from "node:path";
import type { InferSeamConfig } from "../../config/infer-seam";
import { fileExists } from "../../data/bounded-file";
import type { DatasetDescription } from "../../data/dataset";
import { hashFile, hashValue, type Inputs } from "../../data/file-hash";
import { findImage, type RgbImage, readRgb } from "../../data/image";
import { readImageTags } from "../../data/image-tags";
import { expected } from "../../errors";
import { readCams } from "../../seam/cam-dictionary";
import type { ImageCams } from "../../seam/cam-scores";
import { multiScaleCams, type RefinedMapSource } from "../../seam/multi-scale";
import { SeamNet } from "../../seam/seam-net";
import { openWeights } from "../../weights/checkpoint";
import { openPhotographHashes, photographHash } from "./input-hashes";

/** An image before its maps are computed; with `cams` where they are on disk already. */
export interface CamInput {
  readonly image: RgbImage;
  readonly tags: readonly number[];
  readonly cams?: ImageCams;
}

export interface CamSource {
  /** For reports. */
  readonly description: string;
  readonly notices: readonly string[];
  /** Reads what an image needs. @throws UserError "input" for an unusable image, its tags or its maps */
  prepare(id: string): Promise<CamInput>;
  computeCams(input: CamInput): ImageCams;
  /** Hashes of what an image's maps are made of. */
  hashesOf(id: string): Promise<Inputs>;
  dispose(): void;
}

/**
 * @param holdsMaps whether maps in the output folder may be taken instead of computing them
 * @throws UserError "weights" for an unusable weight file, "input" for an unusable tag file
 */
export async function openCamSource(
  config: InferSeamConfig,
  dataset: DatasetDescription,
  holdsMaps: (id: string) => Promise<boolean>,
): Promise<CamSource> {
  const { voc12Root, weights, camDir } = config;
  const read = async (id: string): Promise<RgbImage> => readRgb(await findImage(voc12Root, id));
  if (camDir !== undefined || weights === undefined) return openFolder(camDir ?? "", dataset, voc12Root, read);

  const tags = await readImageTags(voc12Root, dataset, config.tags, config.tagsForm);
  const hashes = openPhotographHashes(voc12Root, weights);
  const network = await openNetwork(weights, dataset);
  const maps: RefinedMapSource = config.pcm
    ? network
    : { refinedMaps: (image, classes) => network.plainMaps(image, classes) };
  return {
    description: path.basename(weights),
    notices: [`image tags: ${tags.source}`],
    async prepare(id) {
      const image = await read(id);
      const cams = (await holdsMaps(id)) ? await earlierCams(config.outCam, id, dataset, image) : undefined;
      return { image, tags: await tags.tagsOf(id), cams };
    },
    computeCams: ({ image, tags, cams }) => cams ?? multiScaleCams(image, tags, maps, config),
    async hashesOf(id) {
      const known = await tags.tagsOf(id).catch(() => undefined); // unusable ones are named where they are read
      return { ...(await hashes(id)), tags: hashValue(known) };
    },
    dispose: () => network.dispose(),
  };
}

function openFolder(
  folder: string,
  dataset: DatasetDescription,
  root: string,
  read: (id: string) => Promise<RgbImage>,
): CamSource {
  return {
    description: folder,
    notices: [],
    async prepare(id) {
      const image = await read(id);
      const cams = await readCams(path.join(folder, `${id}.npy`), dataset, image);
      return { image, tags: [...cams.maps.keys()], cams };
    },
    computeCams: ({ cams }) => cams as ImageCams,
    hashesOf: async (id) => ({
      photograph: await photographHash(root, id),
      maps: await hashFile(path.join(folder, `${id}.npy`)),
    }),
    dispose() {},
  };
}

/** @throws UserError "weights" for a network of another class list */
async function openNetwork(file: string, dataset: DatasetDescription): Promise<SeamNet> {
  const weights = await openWeights(file);
  const network = await SeamNet.load(weights).finally(() => weights.close());
  const got = network.classes;
  const wanted = dataset.classes.length;
  if (got === wanted) return network;
  network.dispose();
  throw expected("weights", `a classifier of ${wanted} classes, background included`, `${got}`, file);
}

/** Maps that an interrupted run, or one without labels, has left in the output folder: eight network passes saved. */
async function earlierCams(
  folder: string | undefined,
  id: string,
  dataset: DatasetDescription,
  image: RgbImage,
): Promise<ImageCams | undefined> {
  if (folder === undefined) return undefined;
  const file = path.join(folder, `${id}.npy`);
  return (await fileExists(file)) ? readCams(file, dataset, image) : undefined;
}
