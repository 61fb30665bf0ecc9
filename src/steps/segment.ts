/**
 * `segment`: labels photographs with a trained segmentation network, which needs no weak label any more
 * (docs/method.md, section 4): several sizes and the mirror image, then the dense CRF.
 *
 * The next image is read and the last one sharpened in other threads while the network sees the present one.
 */

import { resolveConfig, type SegmentConfig, segmentOptions } from "../config/segment";
import { findImage, type RgbImage, readRgb } from "../data/image";
import { collectNotices, silentReporter } from "../running/reporter";
import type { Step, StepContext, Summary } from "../running/step";
import { openSegmenter } from "../segmentation/open-segmenter";
import { classProbabilities } from "../segmentation/predict";
import { type ImageLoop, runImageLoop } from "./loop/image-loop";
import { openImages } from "./loop/open-images";
import { openLabelOutput } from "./outputs/label-output";
import { recordRun } from "./outputs/run-record";

export interface SegmentSummary extends Summary {
  readonly split: string;
  readonly model: string;
  readonly savePath: string;
  /** Images that a stop left undone. */
  readonly left: number;
}

export const segment: Step<SegmentConfig, SegmentSummary> = {
  name: "segment",
  about: "label photographs with a trained segmentation network, without any weak label",
  options: segmentOptions,
  examples: [
    "a2gnn segment --weights out/deeplab.safetensors --voc12-root VOC2012 --infer-list val.txt --save-path out/val",
    "a2gnn segment --weights out/deeplab.pth --images my-photographs --scales 1 --flip false --save-path labels --overlay overlays",
  ],
  needsBackend: true,
  run,
};

interface Computed {
  readonly image: RgbImage;
  /** [H·W, K] */
  readonly probabilities: Float32Array;
}

async function run(
  given: Partial<SegmentConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<SegmentSummary> {
  const started = performance.now();
  const { notices, notice } = collectNotices(context.reporter);
  const config = resolveConfig(given);
  const { dataset, list, ids, shard } = await openImages(config, given);
  list.notices.forEach(notice);
  const segmenter = await openSegmenter(config.weights, dataset.classes.length);
  try {
    const { savePath, overlay, outProb, inferList, shard: _shard, crfThreads, ...settings } = config;
    const output = await openLabelOutput(config, dataset, settings);
    output.notices.forEach(notice);
    try {
      const loop: ImageLoop<RgbImage, Computed> = {
        ids,
        isDone: output.isDone,
        async prepare(id) {
          const image = await readRgb(await findImage(config.voc12Root, id));
          for (const message of image.notices ?? []) notice(`image "${id}": ${message}`);
          return image;
        },
        compute: async (_, image) => ({ image, probabilities: classProbabilities(segmenter, image, config) }),
        finish: (id, { image, probabilities }) => output.write(id, image, probabilities),
        finishing: crfThreads,
      };
      const result = await runImageLoop(loop, context);
      if (result.left > 0) notice(`stopped: ${result.left} images not begun; the same command labels them`);
      const summary: SegmentSummary = {
        step: segment.name,
        split: list.split,
        model: segmenter.shape.model,
        savePath,
        images: ids.length,
        ...result,
        seconds: (performance.now() - started) / 1000,
        notices,
      };
      await recordRun(savePath, summary, { ...config }, config.weights, shard);
      return summary;
    } finally {
      await output.close();
    }
  } finally {
    segmenter.dispose();
  }
}
