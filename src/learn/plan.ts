/**
 * What `learn` is going to do and how long that takes, before it begins. Times are sums of what the parts cost on two
 * quiet cores (costs.ts), times how slow this machine is; with a budget the plan is the best of a few
 * that fits it.
 */

import type { LearnConfig } from "../config/learn";
import { LIGHT_MODEL } from "../config/segmentation-models";
import { expected, UserError } from "../errors";
import type { WeakLabelKind } from "../steps/sources/weak-label-source";
import type { Surveyed } from "./survey";

/** Everything that time decides, settled. */
export interface Plan {
  readonly rounds: number;
  /** Of each phase, for a photograph's own label; undefined: the usual number. */
  readonly labelEpochs?: number;
  readonly networkSteps: number;
  readonly batchSize: number;
  readonly cropSize: number;
  readonly freezeBackbone: boolean;
  readonly flip: boolean;
  /** Estimated. */
  readonly seconds: PlanSeconds;
}

export interface PlanSeconds {
  /** Labels from weak labels alone. */
  readonly labels: number;
  /** One training of the network. */
  readonly network: number;
  /** One round of labels by both, of all photographs. */
  readonly refined: number;
  readonly total: number;
}

/** Seconds on the machine of the measurements. */
export interface Costs {
  /** Of a megapixel: before the training steps and after them, and of one step, by the kind of weak label. */
  readonly label: Readonly<Record<WeakLabelKind, { readonly fixed: number; readonly step: number }>>;
  /** Of a megapixel in a training step, and in one that leaves the backbone as it is. */
  readonly train: number;
  readonly trainFrozen: number;
  /** Of a megapixel seen by the trained network, and of its dense CRF. */
  readonly see: number;
  readonly sharpen: number;
}

/** Training steps of the two phases of a label, and those that suffice where time is short. */
const USUAL_EPOCHS = 50;
const FEWER_EPOCHS = [50, 25, 12];
const CROPS = [1, 0.8, 0.6];
const PASSES = 30;
const MOST_STEPS = 4000;
const FEWEST_STEPS = 400;
/** Below this a network has learned nothing worth asking. */
const LEAST_STEPS = 100;

/**
 * @param usualCrop side of a crop without a budget
 * @param fit the next side that fits the model
 * @param slowness of this machine, 1 where the costs were measured
 * @throws UserError "usage" for a budget that cannot be read, or into which nothing fits
 */
export function planFor(
  photographs: readonly Surveyed[],
  config: LearnConfig,
  costs: Costs,
  { usualCrop, fit, slowness }: { usualCrop: number; fit: (side: number) => number; slowness: number },
): Plan {
  const labelled = photographs.filter(({ kind }) => kind !== undefined).length;
  const { batchSize } = config;
  const passes = Math.ceil((PASSES * labelled) / batchSize);
  if (config.freezeBackbone === true && (config.model !== LIGHT_MODEL || config.weights === "none"))
    throw new UserError("usage", `--freeze-backbone goes with --model ${LIGHT_MODEL} and weights of its backbone`);
  const wanted = config.networkSteps ?? Math.min(MOST_STEPS, Math.max(FEWEST_STEPS, passes));
  const settled = (choice: Choice, networkSteps: number): Plan => {
    const plan = {
      rounds: choice.rounds,
      ...(choice.epochs === undefined ? {} : { labelEpochs: choice.epochs }),
      networkSteps,
      batchSize,
      cropSize: config.cropSize ?? fit(Math.round(usualCrop * choice.crop)),
      freezeBackbone: choice.freeze,
      flip: choice.flip,
    };
    return { ...plan, seconds: secondsOf(plan, photographs, costs, slowness) };
  };
  const choices = choicesOf(config);
  if (config.budget === undefined) return settled(choices[0], wanted);
  const budget = budgetSeconds(config.budget);
  for (const choice of choices) {
    const plan = settled(choice, wanted);
    if (plan.seconds.total <= budget) return plan;
  }
  // Nothing keeps the network's steps: the plainest of the plans, with as many as fit.
  const plainest = choices[choices.length - 1];
  const least = settled(plainest, Math.min(wanted, config.networkSteps ?? LEAST_STEPS));
  if (least.seconds.total > budget)
    throw new UserError(
      "usage",
      `--budget ${config.budget} is too short: the least takes about ${Math.ceil(least.seconds.total / 60)}m; fewer photographs (--list, --labelled-list) take less`,
    );
  const spare = budget - least.seconds.total;
  const steps = least.networkSteps + Math.floor((spare * least.networkSteps) / least.seconds.network / least.rounds);
  return settled(plainest, Math.min(wanted, steps));
}

/** `30m`, `2h`, `1h30m`, `90s`, `45` (minutes). @throws UserError "usage" */
export function budgetSeconds(text: string): number {
  const parts = /^(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?:in)?)?(?:(\d+(?:\.\d+)?)s)?$/.exec(text.trim());
  const plain = /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) * 60 : undefined;
  const [hours, minutes, seconds] = (parts ?? []).slice(1).map((part) => Number(part ?? 0));
  const total = plain ?? (parts === null ? Number.NaN : 3600 * hours + 60 * minutes + seconds);
  if (!(total > 0)) throw expected("usage", "a time such as 30m, 2h or 1h30m", `"${text}"`, "--budget");
  return total;
}

// --- internal ---

interface Choice {
  readonly rounds: number;
  readonly epochs: number | undefined;
  readonly crop: number;
  readonly freeze: boolean;
  readonly flip: boolean;
}

/** From the richest to the plainest; what the user has stated stays. */
function choicesOf(config: LearnConfig): Choice[] {
  const { rounds, labelEpochs, cropSize, flip, freezeBackbone, model, weights } = config;
  const canFreeze = model === LIGHT_MODEL && weights !== "none";
  const choices: Choice[] = [];
  const add = (choice: Choice): void => {
    choices.push({
      ...choice,
      epochs: labelEpochs ?? choice.epochs,
      crop: cropSize === undefined ? choice.crop : 1,
      freeze: freezeBackbone ?? (choice.freeze && canFreeze),
      flip: flip ?? choice.flip,
    });
  };
  for (let n = rounds; n >= 1; n--) add({ rounds: n, epochs: undefined, crop: 1, freeze: false, flip: true });
  for (const epochs of FEWER_EPOCHS)
    for (const crop of CROPS)
      add({ rounds: 1, epochs: epochs === USUAL_EPOCHS ? undefined : epochs, crop, freeze: true, flip: false });
  return choices;
}

function secondsOf(
  {
    rounds,
    labelEpochs = USUAL_EPOCHS,
    networkSteps,
    batchSize,
    cropSize,
    freezeBackbone,
    flip,
  }: Omit<Plan, "seconds">,
  photographs: readonly Surveyed[],
  costs: Costs,
  slowness: number,
): PlanSeconds {
  const mega = (pixels: number): number => pixels / 1e6;
  let labels = 0;
  let refined = 0;
  for (const { pixels, kind } of photographs) {
    const size = Math.min(1, mega(pixels)); // larger ones are reduced for their graph
    const own = kind === undefined ? 0 : size * (costs.label[kind].fixed + 2 * labelEpochs * costs.label[kind].step);
    labels += own;
    refined += own + mega(pixels) * ((flip ? 2 : 1) * costs.see + costs.sharpen);
  }
  const network = networkSteps * batchSize * mega(cropSize ** 2) * (freezeBackbone ? costs.trainFrozen : costs.train);
  const times = [labels, network, refined].map((seconds) => seconds * slowness);
  return { labels: times[0], network: times[1], refined: times[2], total: times[0] + rounds * (times[1] + times[2]) };
}
