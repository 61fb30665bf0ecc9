/** The pictures of the report's rows, from what the steps left on disk. */

import type { ResolvedConfig } from "../config/pseudo-label-presets";
import type { DatasetDescription } from "../data/dataset";
import type { RgbImage } from "../data/image";
import type { LabelMap } from "../data/label-png";
import type { Box } from "../data/voc-boxes";
import type { ImageGraph } from "../graph/image-graph";
import type { ClassMaps } from "../graph/random-walk";
import { addToConfusion, createConfusion, scoresOf } from "../miou";
import { affinityPicture } from "../show/affinity-picture";
import { boxPicture, camPicture } from "../show/pictures";
import { borderMap } from "../show/window-map";
import { labelUri, photographUri } from "./pictures";
import type { DemoPictures } from "./report";

/** One image of a section with all that was made for it. */
export interface DemoImage {
  readonly id: string;
  readonly rgb: RgbImage;
  readonly truth: LabelMap;
  readonly seed: LabelMap;
  readonly crf: LabelMap;
  readonly label: LabelMap;
  readonly boxes: readonly Box[];
  readonly maps?: ClassMaps;
}

export async function picturesOf(
  image: DemoImage,
  supervision: ResolvedConfig["supervision"],
  graph: ImageGraph,
  dataset: DatasetDescription,
): Promise<DemoPictures> {
  const { id, rgb, truth, seed, crf, label, boxes, maps } = image;
  const alike = borderMap(graph.affinity);
  const weakLabel =
    supervision === "box"
      ? photographUri(boxPicture(rgb, boxes, dataset))
      : supervision === "image" && maps !== undefined
        ? photographUri(camPicture(rgb, maps, dataset))
        : photographUri(marked(rgb, seed, dataset));
  return {
    id,
    weakLabel: await weakLabel,
    seed: await labelUri(rgb, seed, dataset),
    affinity: await photographUri(affinityPicture(alike, graph, rgb).picture),
    crf: await labelUri(rgb, crf, dataset),
    label: await labelUri(rgb, label, dataset),
    truth: await labelUri(rgb, truth, dataset),
    crfMiou: imageMiou(truth, crf, dataset),
    labelMiou: imageMiou(truth, label, dataset),
  };
}

/** Strokes and clicks in full colour on the photograph; the background's in white. */
function marked(rgb: RgbImage, seed: LabelMap, { palette, ignore }: DatasetDescription): RgbImage {
  const data = rgb.data.slice();
  seed.data.forEach((value, pixel) => {
    if (value !== ignore) data.set(value === 0 ? [255, 255, 255] : (palette[value] ?? [255, 255, 255]), 3 * pixel);
  });
  return { ...rgb, data };
}

function imageMiou(truth: LabelMap, label: LabelMap, { classes, ignore }: DatasetDescription): number {
  const confusion = createConfusion(classes.length);
  addToConfusion(confusion, truth.data, label.data, ignore, "image");
  return scoresOf(confusion, classes).mIoU ?? 0;
}
