/**
 * The loop that every step over images shares: skips what is done, prepares the next image and finishes the last one
 * while the present one is computed, names and counts failures, reports progress, and stops when asked to or when the
 * disk is full. At most `inFlight` + 1 + `finishing` images are in memory, however long the list.
 */

import { isDiskFull } from "../../atomic-write";
import { messageOf, UserError } from "../../errors";
import type { Cost, ImageFailure, StepContext, StepPlan } from "../../running/step";

/** Where results go. */
export interface LoopOutput {
  /** Whether everything requested already exists; called before an image is prepared. */
  isDone(id: string): Promise<boolean>;
  /**
   * Makes what can be made of existing results, without computing; true where nothing else is left to do. Called before an
   * image is prepared.
   */
  derive?(id: string): Promise<boolean>;
  /** What there is to say of the folder once the last image is written. */
  lastNotices?(): Promise<readonly string[]>;
  /** How many images have a file that is kept because it is somebody's own. Default: 0. */
  kept?(): number;
}

export interface ImageLoop<Prepared, Computed> {
  /** Image ids of this shard, in order. */
  readonly ids: readonly string[];
  readonly output: LoopOutput;
  /** Told at the end that the step was stopped, and what there is to say of the folder. */
  readonly notice?: (message: string) => void;
  /** What the image would cost, for a plan. @throws UserError "input" where it cannot be made */
  costOf?(id: string): Promise<Cost | undefined>;
  /** Reading and decoding: runs while the image before is computed. */
  prepare(id: string): Promise<Prepared>;
  /** The work that holds the network. `say` puts a detail behind the progress, e.g. the loss. */
  compute(id: string, prepared: Prepared, say: (detail: string) => void): Promise<Computed>;
  /** What another thread can do, and writing: runs while the next image is computed. Its last write makes it done. */
  finish(id: string, computed: Computed): Promise<void>;
  /** How many images may be finishing at once. Default 1. */
  readonly finishing?: number;
  /** How many images may be computed side by side, taking turns wherever `compute` waits. Default 1. */
  readonly inFlight?: number;
}

export interface LoopResult {
  readonly done: number;
  readonly skipped: number;
  /** In the order of the list. */
  readonly failed: readonly ImageFailure[];
  /** Images not reached because the step was asked to stop, or nothing more could be written. */
  readonly left: number;
  /** Images with a file that is kept because it is somebody's own. */
  readonly kept: number;
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

type Ready<Prepared> = "skipped" | "derived" | { readonly input: Prepared };

/** Runs every image once. A failing image is warned about and counted; nothing but a bug in the loop is thrown. */
export async function runImageLoop<Prepared, Computed>(
  loop: ImageLoop<Prepared, Computed>,
  { reporter, signal, plan }: StepContext,
): Promise<LoopResult> {
  const failures = new Map<string, ImageFailure>();
  const total = loop.ids.length;
  let done = 0;
  let diskFull = false;

  const todo: string[] = [];
  for (const id of loop.ids) if (!(await loop.output.isDone(id))) todo.push(id);
  let skipped = total - todo.length;
  if (plan !== undefined) {
    plan(await planOf(loop, todo));
    return ended(loop, { done: 0, skipped, failed: [], left: 0 });
  }

  const report = (label: string, said?: string): void => {
    const detail = [said, failures.size > 0 ? `${failures.size} failed` : undefined].filter(
      (part) => part !== undefined,
    );
    reporter.progress({
      done: done + skipped + failures.size,
      total,
      label,
      detail: detail.length > 0 ? detail.join("  ") : undefined,
    });
  };
  const fail = (id: string, error: unknown): void => {
    const failure = { image: id, reason: reasonOf(error) };
    failures.set(id, failure);
    diskFull ||= isDiskFull(error);
    reporter.warn(`image "${id}": ${failure.reason}`);
  };
  const stops = (): boolean => diskFull || signal?.aborted === true;
  // A second process may have made the image since the list was looked through.
  const prepare = (id: string): Promise<Outcome<Ready<Prepared>>> =>
    settle(async () => {
      if (await loop.output.isDone(id)) return "skipped";
      if (await loop.output.derive?.(id)) return "derived";
      return { input: await loop.prepare(id) };
    });

  if (todo.length > 0) report(todo[0]);
  const finishing = new Set<Promise<void>>();
  let ahead: { readonly at: number; readonly reading: Promise<Outcome<Ready<Prepared>>> } | undefined;
  let reached = 0;
  const computeInTurn = async (): Promise<void> => {
    while (reached < todo.length && !stops()) {
      const at = reached++;
      const id = todo[at];
      const prepared = await (ahead?.at === at ? ahead.reading : prepare(id));
      if (!stops() && reached < todo.length && ahead?.at !== reached)
        ahead = { at: reached, reading: prepare(todo[reached]) };
      if ("error" in prepared) {
        fail(id, prepared.error);
        report(id);
        continue;
      }
      if (prepared.value === "skipped" || prepared.value === "derived") {
        if (prepared.value === "skipped") skipped++;
        else done++;
        report(id);
        continue;
      }
      const { input } = prepared.value;
      const computed = await settle(() => loop.compute(id, input, (detail) => report(id, detail)));
      while (finishing.size >= (loop.finishing ?? 1)) await Promise.race(finishing);
      const finished = settle(async () => {
        if ("error" in computed) throw computed.error;
        await loop.finish(id, computed.value);
      }).then((outcome) => {
        if ("error" in outcome) fail(id, outcome.error);
        else done++;
        finishing.delete(finished);
        report(id);
      });
      finishing.add(finished);
    }
  };
  await Promise.all(Array.from({ length: loop.inFlight ?? 1 }, computeInTurn));
  await Promise.all(finishing);
  await ahead?.reading; // may still be reading after a stop
  const failed = loop.ids.flatMap((id) => failures.get(id) ?? []);
  return ended(loop, { done, skipped, failed, left: todo.length - reached });
}

/** Says what there is to say at the end of a run or of a plan. */
async function ended<P, C>({ output, notice }: ImageLoop<P, C>, result: Omit<LoopResult, "kept">): Promise<LoopResult> {
  if (result.left > 0) notice?.(`stopped: ${result.left} images not begun; the same command labels them`);
  for (const message of (await output.lastNotices?.()) ?? []) notice?.(message);
  return { ...result, kept: output.kept?.() ?? 0 };
}

/** What would be made and kept, and what it would cost: each image's time, and the memory of the most expensive one. */
async function planOf<P, C>(loop: ImageLoop<P, C>, todo: readonly string[]): Promise<StepPlan> {
  const [make, unusable]: [string[], ImageFailure[]] = [[], []];
  let cost: Cost | undefined;
  for (const id of todo) {
    const asked = await settle(async () => loop.costOf?.(id));
    if ("error" in asked) unusable.push({ image: id, reason: reasonOf(asked.error) });
    else make.push(id);
    if ("error" in asked || asked.value === undefined) continue;
    const { coreSeconds, bytes } = asked.value;
    const { coreSeconds: before, bytes: most } = cost ?? { coreSeconds: 0, bytes: 0 };
    cost = { coreSeconds: before + coreSeconds, bytes: Math.max(most, bytes) };
  }
  const others = new Set(todo);
  const kept = loop.ids.filter((id) => !others.has(id));
  return { make, kept, unusable, ...(cost === undefined ? {} : { cost }) };
}

async function settle<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { error };
  }
}

/** A user's error is its message; a bug of ours also says where, so that it can be reported. */
function reasonOf(error: unknown): string {
  if (error instanceof UserError || !(error instanceof Error)) return messageOf(error);
  const place = error.stack?.split("\n").find((line) => line.trimStart().startsWith("at "));
  return `${error.name}: ${error.message}${place === undefined ? "" : ` (${place.trim()})`}`;
}
