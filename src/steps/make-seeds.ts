/**
 * `make-seeds`: from cheap labels to seed labels, pixels of a confident class and the rest unknown (docs/method.md,
 * section 1.3). Weak labels of one kind, or whatever mix each image has, are merged with superpixels, GrabCut and the
 * confident labels of class activation maps. Reports how much of each class the seeds cover, and how much of it is
 * right, after each rule.
 */

import path from "node:path";
import { type MakeSeedsConfig, makeSeedsOptions, type ResolvedConfig, resolveConfig } from "../config/make-seeds";
import { touching } from "../config/option";
import { fileExists } from "../data/bounded-file";
import type { DatasetDescription } from "../data/dataset";
import { hashValue, type Inputs } from "../data/file-hash";
import { readFittedLabel } from "../data/fitted-label";
import { findImage, type RgbImage, readRgb, readSize } from "../data/image";
import { type ImageTags, readImageTags } from "../data/image-tags";
import type { LabelMap } from "../data/label-png";
import { annotatedIn } from "../data/orientation";
import { costOf } from "../label-photograph/cost";
import { collectNotices, silentReporter } from "../running/reporter";
import { PLAIN_BYTES } from "../running/result-bytes";
import type { Step, StepContext, Summary } from "../running/step";
import { alreadyThere } from "../running/summary-text";
import { boxRule } from "../seeds/box-rule";
import type { CoverageRow } from "../seeds/coverage-precision";
import { cutBoxes, type GrabCut, type GrabCutAnswer, openGrabCut } from "../seeds/grabcut";
import { imageRule } from "../seeds/image-rule";
import { mixedRule } from "../seeds/mixed-rule";
import { pointRule } from "../seeds/point-rule";
import { scribbleRule } from "../seeds/scribble-rule";
import type { SeedImage, Seeds } from "../seeds/seed-image";
import { type Superpixels, superpixelsOfPhotograph } from "../seeds/superpixels";
import { type ImageLoop, runImageLoop } from "./loop/image-loop";
import { openImages } from "./loop/open-images";
import { whileClaimed } from "./outputs/claimed-places";
import { checkPlaces } from "./outputs/output-places";
import { openSeedOutput, seedPlaces } from "./outputs/seed-output";
import { tableText } from "./outputs/text-table";
import { type ConfidentSource, openConfidentLabels } from "./sources/confident-source";
import { photographHash } from "./sources/input-hashes";
import { openWeakLabels, type WeakLabelsOfImage } from "./sources/weak-label-source";

export interface MakeSeedsSummary extends Summary {
  readonly split: string;
  readonly supervision: string;
  readonly savePath: string;
  /** Over all images done, now or before; the rules in their order, then the seeds as they are written. */
  readonly coverage: readonly CoverageRow[];
  /** Images that a stop left undone. */
  readonly left: number;
}

export const makeSeeds: Step<MakeSeedsConfig, MakeSeedsSummary> = {
  name: "make-seeds",
  about: "make seed labels from clicks, scribbles, boxes, image tags, or any mix of them",
  options: makeSeedsOptions,
  examples: [
    "a2gnn make-seeds --supervision box --voc12-root my-photographs --save-path out/seeds --overlay out/pictures",
    "a2gnn make-seeds --supervision point --voc12-root VOC2012 --seam-dir data/SEAM_Image --save-path data/SEAM_Point",
    "a2gnn make-seeds --supervision scribble --scribble-rest confident --voc12-root VOC2012 --seam-dir data/SEAM_Image --save-path data/SEAM_Scribble",
    "a2gnn make-seeds --coco annotations.json --voc12-root my-photographs --out-xml my-photographs/Annotations",
  ],
  canPlan: true,
  everyday: [
    "savePath",
    "inferList",
    "overlay",
    "outXml",
    "supervision",
    "labelme",
    "coco",
    "yolo",
    "cvat",
    "labelStudio",
    "seamDir",
    "only",
    "dryRun",
  ],
  bytes: PLAIN_BYTES,
  needsBackend: false,
  run,
  describe,
};

interface Prepared {
  /** Name of the photograph's file. */
  readonly file: string;
  readonly seed: SeedImage;
  readonly weak: WeakLabelsOfImage;
  /** Asked for already: GrabCut works on the next image while this one is merged and written. */
  readonly cuts: Promise<GrabCutAnswer[]>;
  readonly mask: LabelMap | undefined;
}

interface Computed {
  readonly image: RgbImage;
  readonly seeds: Seeds;
  readonly prepared: Prepared;
}

async function run(
  given: Partial<MakeSeedsConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<MakeSeedsSummary> {
  const started = performance.now();
  const { notices, notice } = collectNotices(context.reporter);
  const { config, notices: inferred } = resolveConfig(given);
  const { dataset, list, ids } = await openImages(config, given);
  const weakLabels = await openWeakLabels(config, dataset);
  const confidentLabels = openConfidentLabels(config, dataset);
  const tags = await openTags(config, dataset);
  const places = seedPlaces(config);
  await checkPlaces(places, config, makeSeedsOptions, ["report"]);
  const settings = touching<MakeSeedsConfig>(config, makeSeedsOptions, ["fit", "label"]);
  const { voc12Root } = config;
  return whileClaimed(places, { step: makeSeeds.name, voc12Root, ...settings }, async () => {
    const output = await openSeedOutput(config, dataset, {
      inputsOf: async (id) => ({
        photograph: await photographHash(config.voc12Root, id),
        ...(await weakLabels.hashesOf(id)),
        ...(await confidentHashes(id, confidentLabels, tags)),
      }),
      readImage: async (id) => readRgb(await findImage(config.voc12Root, id)),
    });
    for (const message of [...inferred, ...list.notices, ...weakLabels.notices]) notice(message);
    const grabCut = openGrabCut({
      iterations: config.grabCutIterations,
      maxPixels: config.grabCutPixels,
      threads: config.threads,
    });
    try {
      const loop: ImageLoop<Prepared, Computed> = {
        ids,
        output,
        notice,
        costOf: async (id) => costOf(await readSize(await findImage(config.voc12Root, id)), 2, "make-seeds"),
        async prepare(id) {
          const file = await findImage(config.voc12Root, id);
          const image = annotatedIn(await readRgb(file), config.annotationFrame);
          const weak = await weakLabels.labelsOf(id, image);
          const confident = await confidentLabels.labelOf(id, image);
          const seed = seedImage(image, dataset, config, confident, confident && (await tags(id)));
          return {
            file: path.basename(file),
            seed,
            weak,
            cuts: cutsOf(grabCut, image, weak, config, dataset.ignore),
            mask: await maskOf(id, image, config, dataset),
          };
        },
        async compute(id, prepared) {
          const { seed, weak, cuts } = prepared;
          const seeds = merge(seed, weak, await cuts, config);
          if (seeds.label.data.every((value) => value === dataset.ignore))
            notice(`image "${id}": every pixel is unknown`);
          for (const message of [...(seed.image.notices ?? []), ...weak.notices, ...seeds.notices])
            notice(`image "${id}": ${message}`);
          return { image: seed.image, seeds, prepared };
        },
        finish: (id, { image, seeds, prepared: { weak, mask, file } }) =>
          output.write(id, image, seeds, weak.boxes, mask, file),
      };
      const result = await runImageLoop(loop, context);
      return {
        step: "make-seeds",
        split: list.split,
        supervision: config.supervision,
        savePath: config.savePath,
        coverage: await output.report(list.ids),
        images: ids.length,
        ...result,
        seconds: (performance.now() - started) / 1000,
        notices,
      };
    } finally {
      await Promise.all([grabCut.close(), confidentLabels.close()]);
    }
  });
}

function merge(
  seed: SeedImage,
  weak: WeakLabelsOfImage,
  cuts: readonly GrabCutAnswer[],
  config: ResolvedConfig,
): Seeds {
  switch (config.supervision) {
    case "image":
      return imageRule(seed);
    case "point":
      return pointRule(seed, weak.points, config);
    case "scribble":
      return scribbleRule(seed, weak.strokes as Uint8Array, config);
    case "box":
      return boxRule(seed, weak.boxes, cuts, config);
    case "mixed":
      return mixedRule(seed, weak, cuts, config);
  }
}

function seedImage(
  image: RgbImage,
  { classes, ignore }: DatasetDescription,
  { superpixelArea: area, superpixelCompactness: compactness }: ResolvedConfig,
  confident: Uint8Array | undefined,
  tags: readonly number[] | undefined,
): SeedImage {
  let made: Superpixels | undefined;
  return {
    image,
    classes,
    ignore,
    confident,
    tags,
    superpixels() {
      made ??= superpixelsOfPhotograph(image, { area, compactness });
      return made;
    },
  };
}

function cutsOf(
  grabCut: GrabCut,
  image: RgbImage,
  weak: WeakLabelsOfImage,
  config: ResolvedConfig,
  ignore: number,
): Promise<GrabCutAnswer[]> {
  const all = config.grabCut ? cutBoxes(grabCut, image, weak, ignore) : Promise.resolve([]);
  all.catch(() => undefined); // a failure is reported when the image's turn comes
  return all;
}

/** Tags only restrict confident labels; without a source of them, the weak labels' classes do. */
async function openTags(
  config: ResolvedConfig,
  dataset: DatasetDescription,
): Promise<(id: string) => Promise<readonly number[] | undefined>> {
  const { voc12Root, tags: file, tagsForm } = config;
  const tags: ImageTags = await readImageTags(voc12Root, dataset, file, tagsForm);
  const isXml = tags.source === path.join(voc12Root, "Annotations");
  return async (id) =>
    isXml && !(await fileExists(path.join(tags.source, `${id}.xml`))) ? undefined : tags.tagsOf(id);
}

/** Tags count only where there is a confident label to restrict; unusable ones are named where they are read. */
async function confidentHashes(
  id: string,
  confidentLabels: ConfidentSource,
  tags: (id: string) => Promise<readonly number[] | undefined>,
): Promise<Inputs> {
  const confident = await confidentLabels.hashOf(id);
  if (confident === undefined) return {};
  return { "confident label": confident, tags: hashValue(await tags(id).catch(() => undefined)) };
}

/** The true label, where there is one, to judge the seeds by. */
async function maskOf(
  id: string,
  image: RgbImage,
  { gt, voc12Root }: ResolvedConfig,
  dataset: DatasetDescription,
): Promise<LabelMap | undefined> {
  const file = path.join(gt ?? path.join(voc12Root, "SegmentationClass"), `${id}.png`);
  if (!(await fileExists(file))) return undefined;
  return readFittedLabel(file, image, dataset, "true label");
}

/** What was done, then coverage and precision: all classes after each rule, and each class in the end. */
function describe(summary: MakeSeedsSummary): string {
  const { done, failed, images, seconds, supervision, savePath, coverage } = summary;
  const head = `make-seeds (${supervision}): ${done} done, ${alreadyThere(summary)}, ${failed.length} failed of ${images} in ${seconds.toFixed(1)} s; in ${savePath}`;
  const share = (value: number | undefined): string => (value === undefined ? "–" : `${(100 * value).toFixed(1)} %`);
  const last = coverage.at(-1)?.rule;
  const rows = coverage.filter((row) => row.class === "all" || row.rule === last);
  const table = tableText(
    ["after the rule", "class", "images", "coverage", "precision", "recall"],
    rows.map((row) => [
      row.rule,
      row.class,
      String(row.images),
      share(row.coverage),
      share(row.precision),
      share(row.recall),
    ]),
  );
  const failures = failed.map(({ image, reason }) => `  failed: ${image}: ${reason}`);
  return [head, ...failures, ...(rows.length === 0 ? [] : [table])].join("\n");
}
