/** What `--dry-run` prints. */

import { formatBytes, formatSeconds } from "../running/quantities";
import type { StepPlan, Summary } from "../running/step";
import { COLUMNS, wrapped } from "../shown-text";

/** Names that a line lists. */
const MAX_NAMED = 8;

export function describePlan(step: string, plans: readonly StepPlan[], summary: Summary): string {
  const parts = plans.map((plan) => (plan.training === undefined ? imagePlan(plan) : trainingPlan(plan)));
  const where = (summary as { readonly savePath?: unknown }).savePath;
  return [
    `${step}: nothing was done (--dry-run).`,
    ...parts,
    ...(typeof where === "string" ? [line(`into ${where}`)] : []),
  ].join("\n");
}

function imagePlan({ make, kept, unusable, cost }: StepPlan): string {
  const time =
    cost === undefined || make.length === 0
      ? []
      : [
          line(
            `about ${formatSeconds(cost.coreSeconds)} on one core, and ${formatBytes(cost.bytes)} of memory: a rough estimate from the pixels`,
          ),
        ];
  return [
    line(`would make ${images(make)}`),
    line(`would leave ${images(kept)} as ${kept.length === 1 ? "it is" : "they are"}`),
    ...unusable.map(({ image, reason }) => line(`cannot make ${image}: ${reason}`)),
    ...time,
  ].join("\n");
}

function trainingPlan({ make, kept, unusable, training }: StepPlan): string {
  if (training === undefined) return "";
  const { epochs, steps, batchSize, weights, state } = training;
  if (state === "finished") return line(`nothing to train: ${weights.join(" and ")} exist (${kept.length} images)`);
  const begins = state === "resumed" ? "would resume the training" : "would train";
  return [
    line(`${begins} on ${images(make)}: ${epochs} epochs, ${steps} steps of ${batchSize} images`),
    ...unusable.map(({ image, reason }) => line(`would leave out ${image}: ${reason}`)),
    line(`weights to ${weights.join(" and ")}`),
  ].join("\n");
}

function images(names: readonly string[]): string {
  const some = names.slice(0, MAX_NAMED).join(", ");
  const more = names.length > MAX_NAMED ? ", …" : "";
  return `${names.length} image${names.length === 1 ? "" : "s"}${names.length === 0 ? "" : ` (${some}${more})`}`;
}

function line(text: string): string {
  return `  ${wrapped(text, COLUMNS - 2, 4)}`;
}
