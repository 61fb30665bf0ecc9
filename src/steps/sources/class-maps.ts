/** The class activation maps of an image for the random walk, as `infer-seam` writes them. */

import { fileExists } from "../../data/bounded-file";
import type { DatasetDescription } from "../../data/dataset";
import type { RgbImage } from "../../data/image";
import type { LabelMap } from "../../data/label-png";
import { UserError } from "../../errors";
import type { ClassMaps } from "../../graph/random-walk";
import { readCams } from "../../seam/cam-dictionary";

/** At the image's size, of every class of its seeds. @throws UserError "input" where one is missing */
export async function mapsOf(
  file: string,
  dataset: DatasetDescription,
  image: RgbImage,
  seed: LabelMap,
): Promise<ClassMaps> {
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
