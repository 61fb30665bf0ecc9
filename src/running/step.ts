/**
 * What every step is: a name, a table of options, and `run(config) → Summary`. A step reads named folders, writes named
 * folders, and never calls another step (docs/architecture.md: steps meet on disk).
 */

import type { IgnoredFlags, OptionTable } from "../config/option";
import type { Reporter } from "./reporter";

/** One image that could not be used; the step names and counts it, and continues with the rest. */
export interface ImageFailure {
  readonly image: string;
  readonly reason: string;
}

/** What a step returns and `--json` prints. */
export interface Summary {
  readonly step: string;
  /** Images in the list (of this shard). */
  readonly images: number;
  readonly done: number;
  /** Images whose results already existed. */
  readonly skipped: number;
  /** Images with a result that somebody else made or corrected, and that was left as it is. */
  readonly kept?: number;
  readonly failed: readonly ImageFailure[];
  readonly seconds: number;
  readonly notices: readonly string[];
}

/** What a step would do, as `--dry-run` tells it. */
export interface StepPlan {
  /** Images that would be made. */
  readonly make: readonly string[];
  /** Images whose results exist and stay. */
  readonly kept: readonly string[];
  /** Images that cannot be made, as far as that shows before they are read. */
  readonly unusable: readonly ImageFailure[];
  /** For all images that would be made; absent where there is no estimate for such a run. */
  readonly cost?: Cost;
  /** What a training would do; the images are its samples. */
  readonly training?: TrainingPlanned;
}

/** An estimate: what a processor core alone would take, and the peak of memory. */
export interface Cost {
  readonly coreSeconds: number;
  readonly bytes: number;
}

export interface TrainingPlanned {
  readonly epochs: number;
  /** Of all epochs together. */
  readonly steps: number;
  readonly batchSize: number;
  /** Where the trained weights go. */
  readonly weights: readonly string[];
  /** finished: the weights exist and stay; resumed: from a checkpoint; else a new training. */
  readonly state: "new" | "resumed" | "finished";
}

export interface StepContext {
  readonly reporter: Reporter;
  /** Where it is given, the step says what it would do, and does nothing. */
  readonly plan?: (plan: StepPlan) => void;
  /** Aborting stops after the image in hand; what is written stays whole. */
  readonly signal?: AbortSignal;
}

export interface Step<C, S extends Summary = Summary> {
  /** The word on the command line. */
  readonly name: string;
  /** One line for the overview. */
  readonly about: string;
  readonly options: OptionTable<C>;
  readonly ignored?: IgnoredFlags;
  /** The option that one word without a flag gives: `a2gnn annotate FOLDER`. */
  readonly positional?: string;
  /** What the bytes of its results depend on beside options and inputs: threads, processes, the processor. */
  readonly bytes?: string;
  /** Command lines that work, for the end of `--help`. */
  readonly examples?: readonly string[];
  /** Whether the step knows `--dry-run`. */
  readonly canPlan?: boolean;
  /** Keys of the options that `--help` shows; `--help all` shows all. Default: all. */
  readonly everyday?: readonly string[];
  /** True where a TensorFlow backend must be ready before `run`. */
  readonly needsBackend: boolean;
  run(config: Partial<C>, context?: StepContext): Promise<S>;
  /** The summary as a few lines for a person; default: done, skipped, failed. */
  describe?(summary: S): string;
}
