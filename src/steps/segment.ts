/**
 * `segment`: labels photographs with a trained segmentation network, which needs no weak label any more
 * (docs/method.md, section 4): several sizes and the mirror image, then the dense CRF. With `--instances` it finds objects
 * with a Mask R-CNN.
 *
 * The next image is read and the last one sharpened in other threads while the network sees the present one.
 */

import path from "node:path";
import { touching } from "../config/option";
import {
  type InstanceOptions,
  instanceOptions,
  resolveConfig,
  type SegmentConfig,
  segmentOptions,
} from "../config/segment";
import type { DatasetDescription } from "../data/dataset";
import { findImage, type RgbImage, readRgb } from "../data/image";
import { openSharpener } from "../dense-crf/sharpen";
import type { Instance } from "../instances/instance";
import { finishLabelAlone } from "../label-photograph/finish-label";
import type { UnsharpenedLabel } from "../label-photograph/label-probabilities";
import { reducedImage, sideWithin } from "../label-photograph/reduced-input";
import { detectInstances } from "../mask-rcnn/detect";
import { modelNameOf, openInstanceSegmenter } from "../mask-rcnn/open-instance-segmenter";
import { detectInTiles } from "../mask-rcnn/tiles";
import { collectNotices, silentReporter } from "../running/reporter";
import { LABEL_BYTES } from "../running/result-bytes";
import type { Step, StepContext, Summary } from "../running/step";
import { openSegmenter } from "../segmentation/open-segmenter";
import { classProbabilities } from "../segmentation/predict";
import { type ImageLoop, runImageLoop } from "./loop/image-loop";
import { openImages } from "./loop/open-images";
import { whileClaimed } from "./outputs/claimed-places";
import { checkNames, openInstanceOutput } from "./outputs/instance-output";
import { type LabelOrigin, openLabelOutput, outputPlaces } from "./outputs/label-output";
import { checkPlaces } from "./outputs/output-places";
import { recordRun } from "./outputs/run-record";
import { settingsOf } from "./outputs/settings-file";
import { openPhotographHashes } from "./sources/input-hashes";

export interface SegmentSummary extends Summary {
  readonly split: string;
  readonly model: string;
  readonly savePath: string;
  /** Images that a stop left undone. */
  readonly left: number;
}

export const segment: Step<SegmentConfig, SegmentSummary> = {
  name: "segment",
  about: "label photographs, or find their objects, with a trained network, without any weak label",
  options: segmentOptions,
  examples: [
    "a2gnn segment --weights out/deeplab.safetensors --voc12-root VOC2012 --infer-list val.txt --save-path out/val",
    "a2gnn segment --weights out/deeplab.pth --images my-photographs --scales 1 --flip false --save-path labels --overlay overlays",
    "a2gnn segment --instances --weights mask-rcnn.safetensors --images my-photographs --save-path objects --overlay overlays --tile 1024",
  ],
  canPlan: true,
  everyday: ["savePath", "weights", "inferList", "overlay", "instances", "denseCrf", "only", "dryRun"],
  bytes: LABEL_BYTES,
  needsBackend: true,
  run,
};

async function run(
  given: Partial<SegmentConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<SegmentSummary> {
  const started = performance.now();
  const { notices, notice } = collectNotices(context.reporter);
  const config = resolveConfig(given);
  const { dataset, list, ids, shard } = await openImages(config, given);
  const places = config.instances
    ? outputPlaces({ ...config, outProb: undefined }).map((place) =>
        place.option === "savePath" ? { ...place, extension: ".json" } : place,
      )
    : outputPlaces(config);
  await checkPlaces(places, config, segmentOptions);
  list.notices.forEach(notice);
  const { voc12Root } = config;
  const settings = touching(config, segmentOptions, ["fit", "label"]);
  return whileClaimed(places, { step: segment.name, voc12Root, ...settings }, async () => {
    const opened = await (config.instances ? openObjects : openLabels)(config, dataset, { ids, all: list.ids }, notice);
    try {
      const result = await opened.work(context);
      const summary: SegmentSummary = {
        step: segment.name,
        split: list.split,
        model: opened.model,
        savePath: config.savePath,
        images: ids.length,
        ...result,
        seconds: (performance.now() - started) / 1000,
        notices,
      };
      await recordRun(config.savePath, summary, { ...config }, config.weights, shard);
      return summary;
    } finally {
      await opened.close();
    }
  });
}

interface Images {
  /** This process's. */
  readonly ids: readonly string[];
  /** The whole list's. */
  readonly all: readonly string[];
}

/** A network ready to look at photographs, and where what it says is written. */
interface Opened {
  readonly model: string;
  work(context: StepContext): ReturnType<typeof runImageLoop>;
  close(): Promise<void>;
}

async function openLabels(
  config: SegmentConfig,
  dataset: DatasetDescription,
  { ids }: Images,
  notice: (message: string) => void,
): Promise<Opened> {
  const segmenter = await openSegmenter(config.weights, dataset.classes.length);
  const settings = touching(config, segmentOptions, ["fit", "label"]);
  const { crfThreads } = config;
  const own = without(settings, Object.keys(instanceOptions) as (keyof InstanceOptions)[]);
  const read = reader(config.voc12Root, notice);
  const source: LabelOrigin = {
    settings: without(settingsOf(config, segmentOptions), Object.keys(instanceOptions)),
    inputsOf: openPhotographHashes(config.voc12Root, config.weights),
    readImage: async (id) => (await read(id)).image,
  };
  const output = await openLabelOutput(config, dataset, own, source).catch((error: unknown) => {
    segmenter.dispose();
    throw error;
  });
  const sharpener = openSharpener(crfThreads);
  const classes = [...dataset.classes.keys()];
  const loop: ImageLoop<RgbImage, UnsharpenedLabel> = {
    ids,
    output,
    notice,
    costOf: (id) => found(config.voc12Root, id),
    prepare: async (id) => (await read(id)).image,
    compute: async (_, image) => {
      const small = reducedImage(image, sideWithin(image, config.workPixels));
      const probabilities = classProbabilities(segmenter, small, config);
      const label = { image: small, probabilities, classes, boxes: [], ignore: dataset.ignore };
      return small === image ? label : { ...label, full: { image, boxes: [] } };
    },
    finish: async (id, unsharpened) => {
      await output.writeProbabilities(id, unsharpened);
      const { image } = unsharpened.full ?? unsharpened;
      await output.write(id, image, await finishLabelAlone(unsharpened, config, sharpener));
    },
    finishing: crfThreads,
  };
  return {
    model: segmenter.shape.model,
    work: (context) => runImageLoop(loop, context),
    async close() {
      await sharpener.close();
      segmenter.dispose();
    },
  };
}

/** For a plan: whether there is a photograph; there is no estimate of what networks cost. */
async function found(root: string, id: string): Promise<undefined> {
  await findImage(root, id);
}

interface Photograph {
  readonly image: RgbImage;
  readonly fileName: string;
}

/** Reads photographs of the folder, and tells what was done to read them. */
function reader(root: string, notice: (message: string) => void): (id: string) => Promise<Photograph> {
  return async (id) => {
    const file = await findImage(root, id);
    const image = await readRgb(file);
    for (const message of image.notices ?? []) notice(`image "${id}": ${message}`);
    return { image, fileName: path.basename(file) };
  };
}

async function openObjects(
  config: SegmentConfig,
  dataset: DatasetDescription,
  { ids, all }: Images,
  notice: (message: string) => void,
): Promise<Opened> {
  checkNames(all, config.savePath);
  const segmenter = await openInstanceSegmenter(config.weights, dataset.classes.length);
  const { shortSide: short, longSide: long, leastScore, objectOverlap: overlap, mostObjects: most, tile } = config;
  const options = { sides: { short, long }, leastScore, overlap, most };
  const settings = { short, long, leastScore, overlap, most, tile };
  const inputsOf = openPhotographHashes(config.voc12Root, config.weights);
  const output = await openInstanceOutput(config, dataset, settings, inputsOf).catch((error: unknown) => {
    segmenter.dispose();
    throw error;
  });
  const read = reader(config.voc12Root, notice);
  const objectsOf = (image: RgbImage): Instance[] =>
    tile === undefined
      ? detectInstances(segmenter, image, options)
      : detectInTiles(segmenter, image, { ...options, tile });
  const loop: ImageLoop<Photograph, Photograph & { readonly found: readonly Instance[] }> = {
    ids,
    output,
    notice,
    costOf: (id) => found(config.voc12Root, id),
    prepare: read,
    compute: async (_, photograph) => ({ ...photograph, found: objectsOf(photograph.image) }),
    finish: (id, { image, fileName, found }) => output.write(id, fileName, image, found),
  };
  return {
    model: modelNameOf(segmenter.shape),
    async work(context) {
      const result = await runImageLoop(loop, context);
      await output.finish(all);
      return result;
    },
    close: async () => segmenter.dispose(),
  };
}

function without<C extends object, K extends keyof C>(config: C, keys: readonly K[]): Omit<C, K> {
  return Object.fromEntries(Object.entries(config).filter(([key]) => !keys.includes(key as K))) as Omit<C, K>;
}
