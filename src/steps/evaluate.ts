/**
 * `evaluate`: predicted labels against true ones, over a list (docs/method.md, section 5). Images without a prediction
 * are named and counted, and the figures then stand for the others only, which the report says.
 */

import fs from "node:fs/promises";
import path from "node:path";
import { type EvaluateConfig, evaluateOptions } from "../config/evaluate";
import { completeConfig } from "../config/option";
import { readDataset } from "../data/dataset";
import { checkEvidence, evidenceOf, type LabelEvidence } from "../data/fitted-label";
import { readImageList } from "../data/image-list";
import type { LabelMap } from "../data/label-png";
import { expected, messageOf, UserError } from "../errors";
import { addToConfusion, createConfusion, scoresOf } from "../miou";
import { silentReporter } from "../running/reporter";
import { PLAIN_BYTES } from "../running/result-bytes";
import type { Step, StepContext } from "../running/step";
import { evaluateInstances } from "./evaluate-instances";
import { runImageLoop } from "./loop/image-loop";
import { chosenIds } from "./loop/open-images";
import { confusionCsv, type EvaluateSummary, scoresCsv, scoresTable } from "./outputs/evaluate-table";
import { type EvaluateInstancesSummary, instancesTable } from "./outputs/instances-table";
import { checkReports, writeReport } from "./outputs/report-file";
import { settingsMixture } from "./outputs/settings-mixture";
import { readLabelPair } from "./sources/label-pair";

type EvaluateOf<Instances extends boolean> = Partial<EvaluateConfig> & { readonly instances?: Instances };

/** The step; what it returns depends on `instances`. */
export interface Evaluate extends Step<EvaluateConfig, EvaluateSummary | EvaluateInstancesSummary> {
  run(
    config: EvaluateOf<true> & { readonly instances: true },
    context?: StepContext,
  ): Promise<EvaluateInstancesSummary>;
  run(config: EvaluateOf<false>, context?: StepContext): Promise<EvaluateSummary>;
  run(config: Partial<EvaluateConfig>, context?: StepContext): Promise<EvaluateSummary | EvaluateInstancesSummary>;
}

export const evaluate: Evaluate = {
  name: "evaluate",
  about: "compare labels with the truth: IoU per class, mIoU, confusion matrix; of instances COCO's and VOC's AP",
  options: evaluateOptions,
  examples: [
    'a2gnn evaluate --pred out/box_pred --voc12-root VOC2012 --list train.txt --stage "pseudo label"',
    "a2gnn evaluate --pred out/box_pred --gt VOC2012/SegmentationClass --csv iou.csv --json",
    "a2gnn evaluate --instances --pred results.json --gt instances.json --curves curves.png",
  ],
  bytes: PLAIN_BYTES,
  needsBackend: false,
  run: run as Evaluate["run"],
  describe: (summary) => ("confusion" in summary ? scoresTable(summary) : instancesTable(summary)),
};

async function run(
  given: Partial<EvaluateConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<EvaluateSummary | EvaluateInstancesSummary> {
  const config = completeConfig(given, evaluateOptions);
  if (config.instances && config.only !== undefined)
    throw new UserError("usage", "--only is of labels; with --instances name the images in a --list");
  if (config.instances) return evaluateInstances(config, context);
  if (config.curves !== undefined) throw new UserError("usage", "--curves needs --instances: labels have no scores");
  return evaluateLabels(config, context);
}

async function evaluateLabels(config: EvaluateConfig, context: StepContext): Promise<EvaluateSummary> {
  const started = performance.now();
  const gt = config.gt ?? (config.voc12Root && path.join(config.voc12Root, "SegmentationClass"));
  if (gt === undefined) throw new UserError("usage", "--gt or --voc12-root is required: where are the true labels?");
  const root = config.voc12Root ?? path.dirname(path.resolve(gt));
  const dataset = await readDataset(root);
  await checkReports({ "--csv": config.csv, "--confusion": config.confusion });
  const list = config.list === undefined ? await everyLabel(gt) : await readImageList(config.list, root);
  const ids = chosenIds(list.ids, config.only);
  const split = config.only === undefined ? list.split : `${list.split}, ${ids.length} of ${list.ids.length}`;
  const mixture = await settingsMixture(
    config.pred,
    ids.map((id) => `${id}.png`),
  );
  const notices = [...list.notices, ...(mixture === undefined ? [] : [mixture])];
  for (const notice of notices) context.reporter.notice(notice);

  const confusion = createConfusion(dataset.classes.length);
  const evidence: Record<"truth" | "prediction", LabelEvidence[]> = { truth: [], prediction: [] };
  const loop = await runImageLoop<{ truth: LabelMap; prediction: LabelMap }, void>(
    {
      ids,
      output: { isDone: async () => false },
      prepare: (id) => readLabelPair(id, { ...config, gt, root }, dataset),
      compute: async (id, { truth, prediction }) => {
        addToConfusion(confusion, truth.data, prediction.data, dataset.ignore, id);
        evidence.truth.push(evidenceOf(truth, dataset.ignore));
        evidence.prediction.push(evidenceOf(prediction, dataset.ignore));
      },
      finish: async () => undefined,
    },
    context,
  );

  checkEvidence(evidence.truth, dataset, `true labels in ${gt}`);
  checkEvidence(evidence.prediction, dataset, `predictions in ${config.pred}`);
  const columns = dataset.classes.length + 1;
  const summary: EvaluateSummary = {
    step: "evaluate",
    split,
    stage: config.stage ?? path.basename(path.resolve(config.pred)),
    images: ids.length,
    ...scoresOf(confusion, dataset.classes),
    confusion: dataset.classes.map((_, row) => [...confusion.counts.subarray(row * columns, (row + 1) * columns)]),
    done: loop.done,
    skipped: loop.skipped,
    failed: loop.failed,
    seconds: (performance.now() - started) / 1000,
    notices,
  };
  if (config.csv !== undefined) await writeReport("--csv", config.csv, scoresCsv(summary));
  if (config.confusion !== undefined) await writeReport("--confusion", config.confusion, confusionCsv(summary));
  return summary;
}

async function everyLabel(folder: string): Promise<{ ids: string[]; split: string; notices: string[] }> {
  const names = await fs.readdir(folder).catch((error: unknown) => {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw isMissing
      ? expected("input", "a folder of true labels, NAME.png", "no such folder", folder)
      : new UserError("input", `cannot read the folder of true labels: ${messageOf(error)}`);
  });
  const ids = names.flatMap((name) => (/^[^.].*\.png$/i.test(name) ? [name.slice(0, -4)] : [])).sort();
  if (ids.length === 0) throw new UserError("input", `expected true labels, NAME.png, got none (${folder})`);
  return { ids, split: "all", notices: [`no --list given: all ${ids.length} labels in ${folder}`] };
}
