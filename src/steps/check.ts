/**
 * `check`: reads a whole folder as the steps would, without computing anything: photographs, weak labels of every format,
 * classes, true labels. It names what is left out and what would fail, estimates time and memory, and draws a contact
 * sheet, so that a wrong frame or class order is seen before an hour is spent.
 */

import path from "node:path";
import { type CheckConfig, checkOptions } from "../config/check";
import { completeConfig } from "../config/option";
import { fileExists } from "../data/bounded-file";
import { type DatasetDescription, readDataset } from "../data/dataset";
import { readImageList } from "../data/image-list";
import { listImages } from "../data/list-images";
import { listPhotographs } from "../data/photographs";
import { UserError } from "../errors";
import { collectNotices, silentReporter } from "../running/reporter";
import type { Step, StepContext } from "../running/step";
import { describeCheck } from "./checking/check-text";
import { openSheet } from "./checking/contact-sheet";
import { countLabels } from "./checking/count-labels";
import { countPhotographs } from "./checking/count-photographs";
import { estimateSteps } from "./checking/estimates";
import { type Examined, type Examiner, isLabelled, openExaminer } from "./checking/examine";
import type { CheckSummary } from "./checking/folder-facts";
import { strayFiles, strayListNames } from "./checking/strangers";

export const check: Step<CheckConfig, CheckSummary> = {
  name: "check",
  about: "read a folder of photographs and weak labels, and say what would fail",
  options: checkOptions,
  positional: "voc12Root",
  examples: [
    "a2gnn check my-photographs",
    "a2gnn check my-photographs --contact-sheet check.html",
    "a2gnn check my-photographs --coco annotations.json --json",
  ],
  everyday: ["inferList", "labelme", "coco", "yolo", "cvat", "labelStudio", "contactSheet", "json"],
  needsBackend: false,
  run,
  describe: describeCheck,
};

async function run(
  given: Partial<CheckConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<CheckSummary> {
  const started = performance.now();
  const { notices } = collectNotices(context.reporter);
  const config = completeConfig(given, checkOptions);
  const { voc12Root: root, contactSheet } = config;
  const dataset = await readDataset(root);
  const { folder, ids, all, notices: listed } = await photographsOf(config);
  const examiner = await openExaminer(config, dataset);
  const sheet = contactSheet === undefined ? undefined : await openSheet(contactSheet, config.sheetPhotographs);
  const found = await examineAll(ids, examiner, dataset, context, (examined) => sheet?.consider(examined, dataset));
  const summary: CheckSummary = {
    step: "check",
    folder: root,
    dataset: (await fileExists(path.join(root, "dataset.json"))) ? "dataset.json" : "PASCAL VOC",
    classNames: dataset.classes,
    ...found,
    photographs: { ...found.photographs, folder, count: ids.length },
    leftOut: [
      ...listed,
      ...examiner.notices.filter((notice) => !/^weak labels found/.test(notice)), // the table has them
      ...(await strayFiles(root, all, config.gt ?? path.join(root, "SegmentationClass"))),
      ...(await strayListNames(root, all)),
      ...found.leftOut,
    ],
    images: ids.length,
    skipped: 0,
    seconds: (performance.now() - started) / 1000,
    notices,
    ...(contactSheet === undefined ? {} : { contactSheet }),
  };
  await sheet?.write(summary, examiner, dataset, context);
  return { ...summary, seconds: (performance.now() - started) / 1000 };
}

/** The photographs that are looked at, and all that the folder holds. @throws UserError "input" where there are none */
async function photographsOf({ voc12Root: root, inferList }: CheckConfig): Promise<{
  folder: string;
  ids: readonly string[];
  all: readonly string[];
  notices: readonly string[];
}> {
  const found = await listPhotographs(root);
  if (inferList !== undefined) {
    const list = await readImageList(inferList, root);
    return { folder: found?.folder ?? root, ids: list.ids, all: found?.ids ?? [], notices: list.notices };
  }
  if (found === undefined || found.ids.length === 0) {
    await listImages(root, "", true); // says what was looked for
    throw new UserError("input", `expected photographs, got none (${root})`);
  }
  return { folder: found.folder, ids: found.ids, all: found.ids, notices: found.notices };
}

type Found = Pick<
  CheckSummary,
  | "photographs"
  | "formats"
  | "classes"
  | "trueLabels"
  | "tags"
  | "unlabelled"
  | "leftOut"
  | "estimates"
  | "done"
  | "failed"
>;

/** One photograph after the other: memory is that of the largest. */
async function examineAll(
  ids: readonly string[],
  examiner: Examiner,
  dataset: DatasetDescription,
  { reporter, signal }: StepContext,
  consider: (examined: Examined) => void,
): Promise<Found> {
  const photographs = countPhotographs();
  const labels = countLabels(dataset);
  const estimates = estimateSteps();
  const told = new Map<string, string[]>();
  const failed: { image: string; reason: string }[] = [];
  const unlabelled: string[] = [];
  let [trueLabels, tagged, seen] = [0, 0, 0];
  for (const id of ids) {
    if (signal?.aborted) break;
    reporter.progress({ done: seen++, total: ids.length, label: id });
    const examined = await examiner.examine(id);
    const { photograph, labels: read, tags } = examined;
    if (photograph !== undefined) photographs.add(photograph.file, photograph.image);
    if (read !== undefined) labels.add(read, examined.classes, dataset.ignore);
    if (photograph !== undefined && read !== undefined) estimates.add(photograph.image, read, dataset.ignore);
    if (tags !== undefined) labels.addTags(tags);
    if (tags !== undefined) tagged++;
    if (examined.hasTrueLabel) trueLabels++;
    if (read !== undefined && !isLabelled(read)) unlabelled.push(id);
    if (examined.reasons.length > 0) failed.push({ image: id, reason: examined.reasons.join("; ") });
    for (const message of examined.notices) {
      const kind = message.replaceAll(id, "NAME");
      told.set(kind, [...(told.get(kind) ?? []), id]);
    }
    consider(examined);
  }
  reporter.finish();
  const leftOut = [...told].map(([kind, of]) =>
    of.length === 1 ? `image "${of[0]}": ${kind.replaceAll("NAME", of[0])}` : `${of.length} images: ${kind}`,
  );
  return {
    photographs: photographs.facts(),
    formats: labels.formats(),
    classes: labels.classes(),
    trueLabels,
    ...(examiner.tagFile === undefined ? {} : { tags: { file: examiner.tagFile, photographs: tagged } }),
    unlabelled,
    leftOut,
    estimates: estimates.all(),
    done: seen - failed.length,
    failed,
  };
}
