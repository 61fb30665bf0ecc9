/**
 * Which samples make up which step: every epoch in an order of its own, whole batches only (the rest of an epoch is left
 * out, as PyTorch's `drop_last`), the same on every process.
 */

import { expected } from "../errors";
import { deriveSeed, Random } from "../random";
import type { SampleRequest } from "./task";

export interface Schedule {
  readonly ids: readonly string[];
  readonly batchSize: number;
  readonly epochs: number;
  readonly seed: number;
}

/** @throws UserError "input" where there are fewer samples than a batch has */
export function stepsPerEpoch({ ids, batchSize }: Pick<Schedule, "ids" | "batchSize">): number {
  const steps = Math.floor(ids.length / batchSize);
  if (steps === 0) throw expected("input", `at least ${batchSize} images, one batch`, `${ids.length}`, "--batch-size");
  return steps;
}

/**
 * The requests of a step that fall to one process: its run of the batch.
 * @param step from 0, over all epochs
 */
export function requestsOf(
  schedule: Schedule,
  step: number,
  { rank, size }: { readonly rank: number; readonly size: number },
): SampleRequest[] {
  const perEpoch = stepsPerEpoch(schedule);
  const epoch = Math.floor(step / perEpoch);
  const first = (step % perEpoch) * schedule.batchSize;
  const share = (until: number): number => first + Math.floor((schedule.batchSize * until) / size);
  return orderOf(schedule, epoch)
    .slice(share(rank), share(rank + 1))
    .map((id) => ({ id, epoch, seed: deriveSeed(schedule.seed, "sample", epoch, id) }));
}

let known: { readonly ids: readonly string[]; readonly key: string; readonly order: string[] } | undefined;

function orderOf({ ids, seed }: Schedule, epoch: number): string[] {
  const key = `${seed}/${epoch}`;
  if (known === undefined || known.ids !== ids || known.key !== key)
    known = { ids, key, order: new Random(deriveSeed(seed, "order", epoch)).shuffle([...ids]) };
  return known.order;
}
