/**
 * `learn`: from a folder in which some photographs have weak labels to labels of all of them. Weak labels → a label of each
 * labelled photograph (docs/method.md, section 3) → a network trained on those → labels of all photographs by both → a report
 * that says what to label next. Every stage has its folder, so that the same command resumes wherever it was stopped.
 */

import path from "node:path";
import { writeAtomic } from "../atomic-write";
import { type LearnConfig, learnOptions, resolveLearnConfig } from "../config/learn";
import { touching } from "../config/option";
import { recipeValues } from "../config/train-segmenter";
import { fileExists } from "../data/bounded-file";
import { readDataset } from "../data/dataset";
import { openSharpener, sharpenerHere } from "../dense-crf/sharpen";
import { claimFolder } from "../files/claim";
import { formatSeconds } from "../running/quantities";
import { collectNotices, silentReporter } from "../running/reporter";
import type { ImageFailure, Step, StepContext, Summary } from "../running/step";
import { buildNetwork } from "../segmentation/models";
import { shapeFromScratch } from "../segmentation/open-segmenter";
import { classFindings, nextToLabel } from "./class-findings";
import { costsOf, machineSlowness } from "./costs";
import { recordState, resumeRun } from "./earlier-run";
import { jointLabelFolders, makeJointLabels, readFindings } from "./joint-labels";
import { networkSession, trainNetwork } from "./network-stage";
import { makeOwnLabels, ownLabelFolders } from "./own-labels";
import { type Plan, planFor } from "./plan";
import { writeReport } from "./report";
import { stageReporter } from "./stage-progress";
import { type Survey, surveyFolder } from "./survey";

export interface LearnSummary extends Summary {
  readonly split: string;
  /** Photographs with each kind of weak label. */
  readonly labelled: Readonly<Record<string, number>>;
  readonly plan: Plan;
  /** The final labels, absent in a dry run and where the run was stopped before. */
  readonly labels?: string;
  readonly weights?: string;
  /** The HTML file. */
  readonly report?: string;
  /** Photographs most worth labelling, the first first. */
  readonly next: readonly string[];
  /** Seconds of each stage of this run. */
  readonly stages: readonly { readonly name: string; readonly seconds: number }[];
  readonly interrupted: boolean;
}

export const learn: Step<LearnConfig, LearnSummary> = {
  name: "learn",
  about: "label a whole folder of which only some photographs have weak labels: a network learns from those",
  options: learnOptions,
  positional: "voc12Root",
  examples: [
    "a2gnn learn my-photographs",
    "a2gnn learn my-photographs --budget 30m --out out/first",
    "a2gnn learn VOC2012 --list train.txt --supervision scribble --rounds 2 --dry-run",
  ],
  everyday: ["voc12Root", "list", "supervision", "out", "budget", "rounds", "model", "weights", "dryRun"],
  needsBackend: true,
  run,
  describe,
};

/** Photographs to label next that the summary names. */
const NEXT = 12;

/** Keeps the folder to itself: the stages of two runs would mix. */
async function run(
  given: Partial<LearnConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<LearnSummary> {
  const { out, dryRun } = resolveLearnConfig(given);
  if (dryRun) return learnFolder(given, context);
  const claim = await claimFolder(out, { what: `the folder ${out}`, cure: "choose another --out" });
  try {
    return await learnFolder(given, context);
  } finally {
    claim?.release();
  }
}

async function learnFolder(given: Partial<LearnConfig>, context: StepContext): Promise<LearnSummary> {
  const started = performance.now();
  const { notices, notice } = collectNotices(context.reporter);
  const config = resolveLearnConfig(given);
  const dataset = await readDataset(config.voc12Root);
  const survey = await surveyFolder(config, dataset, given.list !== undefined);
  survey.notices.forEach(notice);
  for (const { image, reason } of survey.failed) context.reporter.warn(`image "${image}": ${reason}`);
  const settings = touching(config, learnOptions, ["fit", "label"]);
  const earlier = config.dryRun ? { notices: [] } : await resumeRun(config.out, settings, survey.photographs);
  earlier.notices.forEach(notice);
  const network = buildNetwork(shapeFromScratch(config.model, 8, dataset.classes.length));
  const plan =
    ("plan" in earlier ? earlier.plan : undefined) ??
    planFor(survey.photographs, config, costsOf(config.model), {
      usualCrop: recipeValues(config.model, "pseudo").cropSize,
      fit: (side) => network.fit(side),
      slowness: machineSlowness(),
    });
  for (const line of planLines(survey, plan, config)) notice(line);
  const base = {
    step: learn.name,
    split: survey.split,
    labelled: kindCounts(survey),
    plan,
    images: survey.photographs.length + survey.failed.length,
    notices,
  };
  const stages: { name: string; seconds: number }[] = [];
  const unfinished = (interrupted: boolean): LearnSummary => ({
    ...base,
    ...{ done: 0, skipped: 0, failed: survey.failed, next: [], stages, interrupted },
    seconds: (performance.now() - started) / 1000,
  });
  if (config.dryRun) return unfinished(false);
  await recordState(config.out, settings, plan, survey.photographs);

  const stopped = (): boolean => context.signal?.aborted === true;
  const said = new Set<string>();
  let before = 0;
  const stage = async <T>(name: string, seconds: number, work: (inner: StepContext) => Promise<T>): Promise<T> => {
    const since = performance.now();
    const share = { name, before, seconds, total: plan.seconds.total, said };
    const result = await work({ ...context, reporter: stageReporter(context.reporter, share) });
    before += seconds;
    stages.push({ name, seconds: (performance.now() - since) / 1000 });
    return result;
  };
  const failed: ImageFailure[] = [...survey.failed];
  const sharpener = config.crfThreads === 0 ? sharpenerHere : openSharpener(config.crfThreads);
  let labels = ownLabelFolders(config.out).labels;
  try {
    const own = await stage("own labels", plan.seconds.labels, (inner) =>
      makeOwnLabels(survey.photographs, config, plan, dataset, sharpener, inner),
    );
    failed.push(...own.failed);
    if (stopped() || own.left > 0) return unfinished(true);
    let result = { done: 0, skipped: 0, failed: [] as readonly ImageFailure[], left: 0 };
    for (let round = 1; round <= plan.rounds; round++) {
      const suffix = plan.rounds > 1 ? ` ${round}` : "";
      const ids = await labelledIds(survey, labels);
      const training = await stage(`network${suffix}`, plan.seconds.network, (inner) =>
        trainNetwork(round, ids, labels, config, plan, inner),
      );
      if (training.interrupted || stopped()) return unfinished(true);
      const weights = `${networkSession(config.out, round)}.safetensors`;
      const isLast = round === plan.rounds;
      result = await stage(`labels${suffix}`, plan.seconds.refined, (inner) =>
        makeJointLabels(round, weights, isLast, survey.photographs, config, plan, dataset, sharpener, inner),
      );
      if (stopped() || result.left > 0) return unfinished(true);
      labels = jointLabelFolders(config.out, round).training;
    }
    context.reporter.finish();
    failed.push(...result.failed.filter(({ image }) => !failed.some((each) => each.image === image)));
    const folders = jointLabelFolders(config.out, plan.rounds);
    const findings = await readFindings(
      folders,
      survey.photographs.map(({ id }) => id),
    );
    const classes = classFindings(findings, survey.photographs, dataset);
    const next = nextToLabel(findings, classes);
    await writeAtomic(path.join(config.out, "next.txt"), next.map(({ id }) => `${id}\n`).join(""));
    const outcome = { survey, plan, findings, classes, next, stages, failed, folders };
    const report = await writeReport(outcome, config, dataset);
    const summary: LearnSummary = {
      ...base,
      done: result.done,
      skipped: result.skipped,
      failed,
      labels: folders.labels,
      weights: `${networkSession(config.out, plan.rounds)}.safetensors`,
      report,
      next: next.slice(0, NEXT).map(({ id }) => id),
      stages,
      interrupted: false,
      seconds: (performance.now() - started) / 1000,
    };
    await writeAtomic(path.join(config.out, "summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
    return summary;
  } finally {
    await sharpener.close();
  }
}

function describe(summary: LearnSummary): string {
  const { done, skipped, images, labels, weights, report, next, stages, seconds, failed, interrupted } = summary;
  const failures = failed.map(({ image, reason }) => `  failed: ${image}: ${reason}`);
  if (labels === undefined) {
    const stop = interrupted ? ["learn: stopped; the same command resumes"] : [];
    return [...stop, ...failures].join("\n");
  }
  return [
    `learn: ${done} labels made, ${skipped} already there, of ${images} photographs in ${formatSeconds(seconds)}`,
    ...stages.map(({ name, seconds: each }) => `  ${name}: ${formatSeconds(each)}`),
    `  labels: ${labels}`,
    `  network: ${weights}`,
    `  report: ${report}`,
    ...(next.length === 0 ? [] : [`  most worth labelling next: ${next.slice(0, 5).join(", ")}`]),
    ...failures,
  ].join("\n");
}

// --- internal ---

/** Photographs that the stage before has labelled. */
async function labelledIds({ photographs }: Survey, folder: string): Promise<string[]> {
  const ids: string[] = [];
  for (const { id } of photographs) if (await fileExists(path.join(folder, `${id}.png`))) ids.push(id);
  return ids;
}

function kindCounts({ photographs }: Survey): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of photographs) if (kind !== undefined) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function planLines(survey: Survey, plan: Plan, { model }: LearnConfig): string[] {
  const counts = Object.entries(kindCounts(survey)).map(([kind, n]) => `${n} with ${PLURALS[kind]}`);
  const bare = survey.photographs.filter(({ kind }) => kind === undefined).length;
  if (bare > 0) counts.push(`${bare} without a weak label`);
  const { labels, network, refined, total } = plan.seconds;
  const rounds = plan.rounds > 1 ? ` in each of ${plan.rounds} rounds` : "";
  return [
    `${survey.photographs.length} photographs: ${counts.join(", ")}`,
    `about ${formatSeconds(total)}: labels of the labelled photographs by themselves ${formatSeconds(labels)}; ${model}, ${plan.networkSteps} steps of ${plan.batchSize} crops of ${plan.cropSize} pixels${plan.freezeBackbone ? ", backbone frozen" : ""}, ${formatSeconds(network)}, and labels of all by both ${formatSeconds(refined)}${rounds}`,
  ];
}

const PLURALS: Readonly<Record<string, string>> = { box: "boxes", point: "clicks", scribble: "strokes" };
