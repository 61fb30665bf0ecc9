/**
 * `infer-seam`: class activation maps of tagged images and confident labels from them (docs/method.md, section 1.2;
 * reference infer_SEAM.py). Maps come from SEAM's network, or from a folder of maps made elsewhere.
 *
 * The next image is read and the last one's dense CRFs run in other threads while the network sees the present one.
 */

import { type InferSeamConfig, ignoredFlags, inferSeamOptions, resolveConfig } from "../config/infer-seam";
import { touching } from "../config/option";
import { findImage, type RgbImage } from "../data/image";
import { crfOptionsOf } from "../dense-crf/dense-crf-options";
import { openSharpener } from "../dense-crf/sharpen";
import { collectNotices, silentReporter } from "../running/reporter";
import { LABEL_BYTES } from "../running/result-bytes";
import type { Step, StepContext, Summary } from "../running/step";
import { alreadyThere } from "../running/summary-text";
import type { ImageCams } from "../seam/cam-scores";
import { type ImageLoop, runImageLoop } from "./loop/image-loop";
import { openImages } from "./loop/open-images";
import { whileClaimed } from "./outputs/claimed-places";
import { checkPlaces } from "./outputs/output-places";
import { type Coverage, openSeamOutput, seamPlaces } from "./outputs/seam-output";
import { type CamInput, openCamSource } from "./sources/cam-source";

export interface InferSeamSummary extends Summary {
  readonly split: string;
  /** The weight file's name, or the folder of the maps. */
  readonly maps: string;
  readonly folders: readonly string[];
  /** Mean share of known pixels over the images done now, where labels were made. */
  readonly coverage: Coverage;
  /** Images that a stop left undone. */
  readonly left: number;
}

export const inferSeam: Step<InferSeamConfig, InferSeamSummary> = {
  name: "infer-seam",
  about: "make class activation maps of tagged images, and labels of their confident pixels",
  options: inferSeamOptions,
  ignored: ignoredFlags,
  examples: [
    "a2gnn infer-seam --weights resnet38_SEAM.pth --voc12-root VOC2012 --infer-list train_aug.txt --out-cam out/cam --crf data/SEAM_Image --ori-crf data/SEAM_Image_Full",
    "a2gnn infer-seam --cam-dir better-cams --voc12-root VOC2012 --crf data/Better_Image",
  ],
  canPlan: true,
  everyday: ["weights", "camDir", "tags", "inferList", "outCam", "outCrf", "only", "dryRun"],
  bytes: LABEL_BYTES,
  needsBackend: true,
  run,
  describe,
};

interface Computed {
  readonly image: RgbImage;
  readonly cams: ImageCams;
}

async function run(
  given: Partial<InferSeamConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<InferSeamSummary> {
  const started = performance.now();
  const { notices, notice } = collectNotices(context.reporter);
  const { config, notices: inferred } = resolveConfig(given);
  const { dataset, list, ids } = await openImages(config, given);
  const places = seamPlaces(config);
  await checkPlaces(places, config, inferSeamOptions, ["outCrf"]);
  const settings = touching<InferSeamConfig>(config, inferSeamOptions, ["fit", "label"]);
  const { voc12Root } = config;
  return whileClaimed(places, { step: inferSeam.name, voc12Root, ...settings }, async () => {
    const crf = openSharpener(config.crfThreads);
    const coverages: Coverage[] = [];
    try {
      const source = await openCamSource(config, dataset, (id) => output.holdsMaps(id));
      const output = await openSeamOutput(
        config,
        dataset,
        (image, scores) => crf.sharpen(image, scores, crfOptionsOf(config)),
        source.hashesOf,
      ).catch((error: unknown) => {
        source.dispose();
        throw error;
      });
      for (const message of [...inferred, ...list.notices, ...source.notices]) notice(message);
      try {
        const loop: ImageLoop<CamInput, Computed> = {
          ids,
          output,
          notice,
          costOf: async (id) => void (await findImage(config.voc12Root, id)),
          prepare: source.prepare,
          compute: async (id, input) => {
            if (input.tags.length === 0) notice(`image "${id}" has no tags: background all over`);
            return { image: input.image, cams: source.computeCams(input) };
          },
          finish: async (id, { image, cams }) => {
            coverages.push(await output.write(id, image, cams));
          },
        };
        const result = await runImageLoop(loop, context);
        return {
          step: "infer-seam",
          split: list.split,
          maps: source.description,
          folders: output.folders,
          coverage: meanCoverage(coverages),
          images: ids.length,
          ...result,
          seconds: (performance.now() - started) / 1000,
          notices,
        };
      } finally {
        source.dispose();
      }
    } finally {
      await crf.close();
    }
  });
}

function meanCoverage(coverages: readonly Coverage[]): Coverage {
  const mean = (key: keyof Coverage): number | undefined => {
    const shares = coverages.flatMap((coverage) => coverage[key] ?? []);
    return shares.length === 0 ? undefined : shares.reduce((sum, share) => sum + share, 0) / shares.length;
  };
  return { confident: mean("confident"), full: mean("full") };
}

function describe(summary: InferSeamSummary): string {
  const { done, failed, images, seconds, maps, folders, coverage } = summary;
  const share = (name: string, value: number | undefined): string =>
    value === undefined ? "" : `\n  ${name} labels cover ${(100 * value).toFixed(1)} % of the pixels`;
  const failures = failed.map(({ image, reason }) => `\n  failed: ${image}: ${reason}`).join("");
  const head = `infer-seam (${maps}): ${done} done, ${alreadyThere(summary)}, ${failed.length} failed of ${images} in ${seconds.toFixed(1)} s`;
  return `${head}; in ${folders.join(", ")}${share("confident", coverage.confident)}${share("full", coverage.full)}${failures}`;
}
