/**
 * One kind of weak label in the demo: seeds, pseudo labels, and the dense CRF on the seeds alone to compare with; figures
 * and pictures of each.
 */

import path from "node:path";
import type { DemoConfig } from "../config/demo";
import type { Supervision } from "../config/label-photograph";
import type { MakePseudoLabelsConfig } from "../config/make-pseudo-labels";
import { presets, type ResolvedConfig, resolveConfig } from "../config/pseudo-label-presets";
import type { DatasetDescription } from "../data/dataset";
import { readLabel, writeLabel } from "../data/label-png";
import { crfOptionsOf } from "../dense-crf/dense-crf-options";
import { sharpenerHere } from "../dense-crf/sharpen";
import { openGraphSource } from "../label-photograph/graph-source";
import { silentReporter } from "../running/reporter";
import type { ImageFailure, StepContext } from "../running/step";
import { countSeeds, coverageRows, type StageCounts } from "../seeds/coverage-precision";
import { evaluate } from "../steps/evaluate";
import { inferSeam } from "../steps/infer-seam";
import { type MakePseudoLabelsSummary, makePseudoLabels } from "../steps/make-pseudo-labels";
import { type ImageSource, openImageSource } from "../steps/sources/prepare-image";
import { crfAlone } from "./crf-alone";
import type { DemoPictures, DemoRow, DemoSection } from "./report";
import { picturesOf } from "./section-pictures";
import { commandOf, supervisionWords, walkWords } from "./words";

/** What all supervisions share. */
export interface DemoSetting {
  readonly config: DemoConfig;
  readonly dataset: DatasetDescription;
  readonly ids: readonly string[];
  readonly listFile: string;
  /** Features and weights. */
  readonly graph: Omit<Partial<MakePseudoLabelsConfig>, "supervision">;
}

/** Seeds, pseudo labels, the dense CRF alone, figures: each in a folder of its own below the supervision's. */
export async function runSupervision(
  supervision: Supervision,
  { config, dataset, ids, listFile, graph }: DemoSetting,
  context: StepContext,
): Promise<{ section?: DemoSection; labels: MakePseudoLabelsSummary }> {
  const [seedFolder, crfFolder, labelFolder] = ["seed", "crf", "label"].map((name) =>
    path.join(config.out, supervision, name),
  );
  const common = { voc12Root: config.data, inferList: listFile };
  const camDir = path.join(config.data, "CAM");
  const options: Partial<MakePseudoLabelsConfig> & { readonly supervision: Supervision } = {
    ...common,
    supervision,
    seedLabelRoot: seedFolder,
    savePath: labelFolder,
    seed: config.seed,
    ...graph,
    ...(presets[supervision].rw && graph.rw !== false ? { camDir } : {}),
  };
  const { config: resolved } = resolveConfig(options);
  const quiet = { ...context, reporter: { ...silentReporter, warn: context.reporter.warn } };

  if (supervision === "image") await inferSeam.run({ ...common, camDir, crf: seedFolder }, quiet);
  else await writeSeeds(resolved, dataset, ids, seedFolder);
  const labels = await makePseudoLabels.run(options, context);
  if (labels.left > 0) return { labels };
  const made = await comparison(resolved, dataset, ids, crfFolder, labels.failed);
  const score = async (pred: string): Promise<{ mIoU: number; accuracy: number }> => {
    const { mIoU, pixelAccuracy } = await evaluate.run({ pred, voc12Root: config.data, list: listFile }, quiet);
    return { mIoU: mIoU ?? 0, accuracy: pixelAccuracy ?? 0 };
  };
  const label = await score(labelFolder);
  const [all] = coverageRows(made.counts, dataset.classes);
  const row: DemoRow = {
    supervision,
    coverage: all?.coverage ?? 0,
    precision: all?.precision ?? 0,
    seedMiou: (await score(seedFolder)).mIoU,
    crfMiou: (await score(crfFolder)).mIoU,
    labelMiou: label.mIoU,
    labelAccuracy: label.accuracy,
    secondsPerImage: labels.seconds / Math.max(1, labels.done),
  };
  const about = [supervisionWords[supervision], ...(resolved.rw ? [walkWords] : [])].join(" ");
  const section = { row, about, pictures: made.pictures, command: commandOf(options) };
  return { section, labels };
}

/** The weak labels' own seeds as files, so that they can be counted and looked at. */
async function writeSeeds(
  config: ResolvedConfig,
  dataset: DatasetDescription,
  ids: readonly string[],
  folder: string,
): Promise<void> {
  const images = await openImages({ ...config, rw: false, seedLabelRoot: undefined }, dataset);
  for (const id of ids) {
    const { seed } = await images.prepare(id, () => undefined);
    await writeLabel(path.join(folder, `${id}.png`), seed, dataset.palette);
  }
}

function openImages(config: ResolvedConfig, dataset: DatasetDescription): Promise<ImageSource> {
  const run = { config, configOf: () => ({ config, notices: [] }), notices: [] };
  return openImageSource(run, dataset, sharpenerHere);
}

/** For every image that was labelled: the dense CRF on its seeds alone, the seeds counted, the pictures. */
async function comparison(
  config: ResolvedConfig,
  dataset: DatasetDescription,
  ids: readonly string[],
  crfFolder: string,
  failed: readonly ImageFailure[],
): Promise<{ counts: StageCounts[][]; pictures: DemoPictures[] }> {
  const images = await openImages(config, dataset);
  const graphs = await openGraphSource(config);
  const counts: StageCounts[][] = [];
  const pictures: DemoPictures[] = [];
  try {
    for (const id of ids) {
      if (failed.some(({ image }) => image === id)) continue;
      const { image: rgb, seed, boxes, maps } = await images.prepare(id, () => undefined);
      const crf = crfAlone(rgb, seed, dataset.ignore, crfOptionsOf(config));
      await writeLabel(path.join(crfFolder, `${id}.png`), crf, dataset.palette);
      const truth = await readLabel(path.join(config.voc12Root, "SegmentationClass", `${id}.png`));
      const label = await readLabel(path.join(config.savePath, `${id}.png`));
      counts.push(countSeeds([{ rule: "seed", label: seed.data }], truth, dataset.ignore));
      const graph = await graphs.buildGraph(rgb, id);
      const image = { id, rgb, truth, seed, crf, label, boxes, maps };
      pictures.push(await picturesOf(image, config.supervision, graph, dataset).finally(() => graph.dispose()));
    }
  } finally {
    graphs.dispose();
  }
  return { counts, pictures };
}
