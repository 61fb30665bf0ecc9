/**
 * Learning from the page: a network learns from everything that is drawn in the folder, and labels the photographs on which
 * nothing is drawn. Labels of drawn photographs stay what the drawings say.
 */

import path from "node:path";
import type { DatasetDescription, ImageSize } from "../data/dataset";
import { parseJson } from "../data/json";
import { checkLabel, decodeLabel, type LabelMap } from "../data/label-png";
import { expected, messageOf } from "../errors";
import type { ContainedFolder } from "./contained-folder";
import type { LearnRun, StartLearning } from "./learn-process";
import type { LearnProgress } from "./protocol";

export interface Learning {
  /** @throws UserError "input" for a time that is none, and where a run is under way */
  start(budget: unknown): void;
  stop(): void;
  progress(): LearnProgress | null;
}

/** A label that was learned, and how unsure the network is of it. */
export interface LearnedLabel {
  readonly label: LabelMap;
  /** Mean over the pixels, 0 to 1. */
  readonly doubt: number;
}

/** Everything that learning makes; beside the photographs, so that the same button resumes. */
const OUT = "Learned";

/**
 * @param takeOver receives the folder of labels once they are made, relative to the folder of photographs
 * @returns how many labels were taken over
 */
export function createLearning(
  root: string,
  list: string | undefined,
  begin: StartLearning,
  takeOver: (labels: string) => Promise<number>,
  told: (progress: LearnProgress) => void,
): Learning {
  let run: LearnRun | undefined;
  let progress: LearnProgress | null = null;
  const tell = (line: string, running: boolean, failed = false): void => {
    progress = { running, line, failed };
    told(progress);
  };
  const finish = async (begun: LearnRun): Promise<void> => {
    try {
      const labels = await begun.labels;
      if (labels === undefined) return tell("Learning was stopped; it resumes where it was.", false);
      const count = await takeOver(path.relative(root, labels));
      tell(`Learned: ${count} photograph${count === 1 ? "" : "s"} on which nothing is drawn got labels.`, false);
    } catch (error) {
      tell(`Learning failed: ${messageOf(error).replace(/^a2gnn: /, "")}`, false, true);
    } finally {
      run = undefined;
    }
  };
  return {
    start(budget) {
      if (run !== undefined) throw expected("input", "one run of learning at a time", "another", "learn");
      if (budget !== undefined && !(typeof budget === "string" && /^\d{1,4}[mh]$/.test(budget)))
        throw expected("input", "a time such as 30m or 2h", "another", "learn");
      const request = { root, out: path.join(root, OUT), ...(list === undefined ? {} : { list }) };
      tell("Learning begins …", true);
      run = begin({ ...request, ...(budget === undefined ? {} : { budget }) }, (line) => tell(line, true));
      void finish(run);
    },
    stop: () => run?.stop(),
    progress: () => progress,
  };
}

/** The learned label of one photograph. @throws UserError "input" where it does not fit the photograph */
export async function readLearned(
  folder: ContainedFolder,
  labels: string,
  name: string,
  size: ImageSize,
  dataset: DatasetDescription,
): Promise<LearnedLabel | undefined> {
  const bytes = await folder.readIfThere(labels, `${name}.png`);
  if (bytes === undefined) return undefined;
  const label = decodeLabel(bytes, `${labels}/${name}.png`);
  checkLabel(label, size, dataset, `${labels}/${name}.png`);
  const finding = await folder.readIfThere(labels, "findings", `${name}.json`);
  const { doubt } = (finding === undefined ? {} : parseJson(finding.toString("utf8"))) as { doubt?: unknown };
  return { label, doubt: typeof doubt === "number" && doubt >= 0 && doubt <= 1 ? doubt : 1 };
}
