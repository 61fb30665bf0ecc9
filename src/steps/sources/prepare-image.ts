/**
 * Everything of one image that is read from disk before its graph is built: photograph, boxes, seed label, class
 * activation maps. What is missing or unusable is named here, before any time is spent on the image.
 */

import path from "node:path";
import type { ResolvedConfig } from "../../config/pseudo-label-presets";
import { fileExists } from "../../data/bounded-file";
import type { DatasetDescription } from "../../data/dataset";
import { findImage, type RgbImage, readRgb } from "../../data/image";
import type { LabelMap } from "../../data/label-png";
import { annotatedIn } from "../../data/orientation";
import { type Box, readBoxes } from "../../data/voc-boxes";
import { UserError } from "../../errors";
import type { ClassMaps } from "../../graph/random-walk";
import type { PreparedImage } from "../../label-photograph/label-probabilities";
import { readCams } from "../../seam/cam-dictionary";
import type { SeedSource } from "./seed-source";

/** @throws UserError "input" for an image that cannot be labelled */
export async function prepareImage(
  id: string,
  config: ResolvedConfig,
  dataset: DatasetDescription,
  seeds: SeedSource,
  notice: (message: string) => void,
): Promise<PreparedImage> {
  const image = annotatedIn(await readRgb(await findImage(config.voc12Root, id)), config.annotationFrame);
  for (const message of image.notices ?? []) notice(message);
  const boxes =
    config.supervision === "box" || config.multiPoint ? await boxesOf(id, config, dataset, image, notice) : [];
  const seed = await seeds(id, image, boxes);
  for (const message of seed.notices) notice(message);
  if (!config.rw || config.camDir === undefined) return { image, seed: seed.label, drawn: seed.drawn, boxes };
  const maps = await mapsOf(path.join(config.camDir, `${id}.npy`), dataset, image, seed.label);
  return { image, seed: seed.label, drawn: seed.drawn, boxes, maps };
}

async function boxesOf(
  id: string,
  config: ResolvedConfig,
  dataset: DatasetDescription,
  image: RgbImage,
  notice: (message: string) => void,
): Promise<readonly Box[]> {
  const file = path.join(config.boxXmlPath ?? path.join(config.voc12Root, "Annotations"), `${id}.xml`);
  const { boxes, notices } = await readBoxes(file, dataset, image);
  for (const message of notices) notice(message);
  if (boxes.length === 0) {
    if (config.withoutBoxes === "fail")
      throw new UserError("input", `no boxes in ${file}; --without-boxes background takes such images as background`);
    notice("no boxes: no MP loss, and without a seed label all background");
  }
  return boxes;
}

/** CAMs at the image's size that cover every class of its seeds. */
async function mapsOf(file: string, dataset: DatasetDescription, image: RgbImage, seed: LabelMap): Promise<ClassMaps> {
  if (!(await fileExists(file))) throw new UserError("input", `no class activation maps: ${file} is missing`);
  const { maps } = await readCams(file, dataset, image);
  const seen = new Set(seed.data);
  const lacking = [...seen].filter((label) => label !== 0 && label !== dataset.ignore && !maps.has(label));
  if (maps.size === 0 || lacking.length > 0)
    throw new UserError(
      "input",
      `expected class activation maps of ${lacking.map((label) => dataset.classes[label]).join(", ") || "some class"}, got ` +
        `${[...maps.keys()].map((label) => dataset.classes[label]).join(", ") || "none"} (${file})`,
    );
  return maps;
}
