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

export interface StepContext {
  readonly reporter: Reporter;
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
  /** True where a TensorFlow backend must be ready before `run`. */
  readonly needsBackend: boolean;
  run(config: Partial<C>, context?: StepContext): Promise<S>;
  /** The summary as a few lines for a person; default: done, skipped, failed. */
  describe?(summary: S): string;
}
