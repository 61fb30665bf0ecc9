/**
 * What is computed when: the photograph that was drawn on last comes first, quickly and then in full; "label all" has the
 * time in between. A new stroke cancels whatever is running, and a full label that was cut short is made later.
 */

import { messageOf } from "../errors";
import type { BatchProgress } from "./protocol";

export type Stage = "first" | "final";

/** Computes one label and keeps it. @throws whatever the signal's abort or the computing throws */
export type ComputeLabel = (id: string, stage: Stage, signal: AbortSignal) => Promise<void>;

export interface Labelling {
  /** The photograph was drawn on: its label is made now. */
  request(id: string): void;
  /** Somebody is drawing: what is running for this photograph will be of no use. */
  interrupt(id: string): void;
  /** Whether a label of this photograph is being made or waits. */
  isPending(id: string): boolean;
  /** The full label of this photograph is not wanted after all. */
  forget(id: string): void;
  startBatch(ids: readonly string[]): void;
  stopBatch(): void;
  batch(): BatchProgress | null;
  close(): void;
}

interface Told {
  failed(id: string, reason: string): void;
  idle(id: string): void;
  batch(progress: BatchProgress): void;
  nameOf(id: string): string;
}

/** Milliseconds after which nobody is drawing any more. */
const LONGEST_STROKE = 60_000;

export function createLabelling(compute: ComputeLabel, told: Told): Labelling {
  let first: string | undefined;
  /** Photographs that lack their full label, the latest first. */
  let unfinished: string[] = [];
  let held: string | undefined;
  let release: NodeJS.Timeout | undefined;
  let running: { id: string; stage: Stage; fromBatch: boolean; controller: AbortController } | undefined;
  let batch: { queue: string[]; done: number; total: number; failed: { name: string; reason: string }[] } | undefined;
  let closed = false;

  const progress = (): BatchProgress | null =>
    batch === undefined
      ? null
      : { done: batch.done, total: batch.total, failed: batch.failed, running: batch.done < batch.total };

  const next = (): { id: string; stage: Stage; fromBatch: boolean } | undefined => {
    if (first !== undefined) return { id: first, stage: "first", fromBatch: false };
    const id = unfinished.find((each) => each !== held);
    if (id !== undefined) return { id, stage: "final", fromBatch: false };
    // Somebody is drawing: a batch would be in the way of the next stroke.
    if (held === undefined && batch !== undefined && batch.queue.length > 0)
      return { id: batch.queue[0], stage: "final", fromBatch: true };
    return undefined;
  };

  const turn = async (): Promise<void> => {
    if (running !== undefined || closed) return;
    const job = next();
    if (job === undefined) return;
    const controller = new AbortController();
    running = { ...job, controller };
    const { id, stage, fromBatch } = job;
    if (stage === "first") first = undefined;
    try {
      await compute(id, stage, controller.signal);
      if (stage === "final") unfinished = unfinished.filter((each) => each !== id);
      if (fromBatch) finishOne(id);
    } catch (error) {
      if (!controller.signal.aborted) {
        unfinished = unfinished.filter((each) => each !== id);
        if (fromBatch) finishOne(id, messageOf(error));
        else told.failed(id, messageOf(error));
      }
    } finally {
      running = undefined;
      if (!closed && !pending(id)) told.idle(id);
      void turn();
    }
  };

  const finishOne = (id: string, reason?: string): void => {
    if (batch === undefined || batch.queue[0] !== id) return;
    batch.queue.shift();
    batch.done++;
    if (reason !== undefined) batch.failed.push({ name: told.nameOf(id), reason });
    told.batch(progress() as BatchProgress);
  };

  const pending = (id: string): boolean => first === id || unfinished.includes(id) || running?.id === id;

  return {
    request(id) {
      held = undefined;
      first = id;
      unfinished = [id, ...unfinished.filter((each) => each !== id)];
      running?.controller.abort();
      void turn();
    },
    interrupt(id) {
      held = id;
      clearTimeout(release);
      release = setTimeout(() => {
        held = undefined; // the page was closed with the pen down
        void turn();
      }, LONGEST_STROKE);
      release.unref();
      if (running !== undefined && (running.id === id || running.fromBatch)) running.controller.abort();
    },
    isPending: pending,
    forget(id) {
      if (first === id) first = undefined;
      unfinished = unfinished.filter((each) => each !== id);
      if (running?.id === id && !running.fromBatch) running.controller.abort();
    },
    startBatch(ids) {
      batch = { queue: [...ids], done: 0, total: ids.length, failed: [] };
      held = undefined;
      told.batch(progress() as BatchProgress);
      void turn();
    },
    stopBatch() {
      if (batch === undefined) return;
      batch = { ...batch, queue: [], total: batch.done };
      if (running?.fromBatch) running.controller.abort();
      told.batch(progress() as BatchProgress);
    },
    batch: progress,
    close() {
      closed = true;
      clearTimeout(release);
      running?.controller.abort();
    },
  };
}
