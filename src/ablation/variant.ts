/** A row of an ablation: a kind of weak label, and which options differ from the defaults of that kind. */

import type { FeatureKind, Supervision } from "../config/label-photograph";
import { type MakePseudoLabelsConfig, makePseudoLabelsOptions } from "../config/make-pseudo-labels";
import { type MakeSeedsConfig, makeSeedsOptions } from "../config/make-seeds";
import { flagOf, keysTouching, type OptionTable } from "../config/option";
import { presetOf, presets } from "../config/pseudo-label-presets";
import { type TrainAffinityConfig, trainAffinityOptions } from "../config/train-affinity";
import { momentumOf } from "../config/training";
import { expected, UserError } from "../errors";

export interface Variant {
  /** Heading in the table. */
  readonly group: string;
  readonly name: string;
  readonly supervision: Supervision;
  /** Options of `make-pseudo-labels` that differ. */
  readonly labels?: Partial<MakePseudoLabelsConfig>;
  /** With it the seed labels are made by `make-seeds`, with these options; without, they are the weak labels alone. */
  readonly seeds?: Partial<MakeSeedsConfig>;
  /** With it an affinity network is trained by `train-affinity` first, on the seed labels, with these options. */
  readonly training?: Partial<TrainAffinityConfig>;
}

/** What the graph of a variant is built from, if the ablation as a whole has these weights. */
export function featuresOf({ labels, training }: Variant, weights: string | undefined): FeatureKind {
  return labels?.features ?? (training === undefined && weights === undefined ? "handcrafted" : "cnn");
}

/**
 * What differs from the default of the supervision and of these features, as the command line would say it:
 * `--radius 4 (3)`, the default in brackets.
 */
export function differences(
  { supervision, labels = {}, seeds, training }: Variant,
  features: FeatureKind = "cnn",
): string {
  const preset: Partial<MakePseudoLabelsConfig> = presetOf(supervision, features);
  const momentum = momentumOf({ weightDecay: training?.weightDecay });
  const parts = [
    ...(training === undefined ? [] : ["train-affinity", ...stated(training, trainAffinityOptions, { momentum })]),
    ...(seeds === undefined ? [] : ["make-seeds", ...stated(seeds, makeSeedsOptions, {})]),
    ...stated(labels, makePseudoLabelsOptions, preset),
  ];
  return parts.join(" ");
}

/** Variants from JSON. @throws UserError "usage" naming the entry and what is wrong with it */
export function readVariants(value: unknown, where: string): Variant[] {
  if (!Array.isArray(value) || value.length === 0) throw expected("usage", "a list of variants", typeof value, where);
  const variants = value.map((entry, index) => readVariant(entry, `variant ${index + 1}, ${where}`));
  checkNames(variants, where);
  return variants;
}

/** A folder name for a variant: its group and name in plain letters. */
export function folderOf({ group, name }: Variant): string {
  const plain = (text: string): string =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9.]+/g, "-")
      .replace(/^-|-$/g, "");
  return `${plain(group)}-${plain(name)}`;
}

/** Variants with one of these names or groups, in their order. @throws UserError "usage" for a word that fits none */
export function chooseVariants(variants: readonly Variant[], words: readonly string[]): Variant[] {
  const fits = (variant: Variant, word: string): boolean => [variant.name, variant.group].includes(word);
  const unknown = words.find((word) => !variants.some((variant) => fits(variant, word)));
  if (unknown !== undefined)
    throw expected(
      "usage",
      `a row or group (${[...new Set(variants.flatMap(({ group, name }) => [group, name]))].join("; ")})`,
      `"${unknown}"`,
      "--variants",
    );
  return variants.filter((variant) => words.some((word) => fits(variant, word)));
}

// --- internal ---

function stated<C>(given: Partial<C>, table: OptionTable<C>, preset: Partial<C>): string[] {
  return (Object.keys(given) as (keyof C & string)[])
    .filter((key) => table[key].kind !== "path")
    .flatMap((key) => {
      const usual = preset[key] ?? table[key].default;
      if (usual === given[key]) return [];
      return `--${flagOf(key)} ${String(given[key])}${usual === undefined ? "" : ` (${String(usual)})`}`;
    });
}

function readVariant(entry: unknown, where: string): Variant {
  if (typeof entry !== "object" || entry === null) throw expected("usage", "an object", typeof entry, where);
  const {
    group = "own",
    name,
    supervision = "scribble",
    labels = {},
    seeds,
    training,
    ...rest
  } = entry as Record<string, unknown>;
  const [odd] = Object.keys(rest);
  if (odd !== undefined)
    throw expected("usage", "group, name, supervision, labels, seeds, training", `"${odd}"`, where);
  if (typeof name !== "string" || name === "" || typeof group !== "string")
    throw expected("usage", "a name", JSON.stringify(name), where);
  if (typeof supervision !== "string" || !Object.hasOwn(presets, supervision))
    throw expected("usage", `one of ${Object.keys(presets).join(", ")}`, JSON.stringify(supervision), where);
  checkKeys(
    labels,
    makePseudoLabelsOptions,
    [...takenOf(makePseudoLabelsOptions), "supervision"],
    `labels of ${where}`,
  );
  if (seeds !== undefined) checkKeys(seeds, makeSeedsOptions, takenOf(makeSeedsOptions), `seeds of ${where}`);
  if (training !== undefined)
    checkKeys(training, trainAffinityOptions, takenOf(trainAffinityOptions), `training of ${where}`);
  return {
    group,
    name,
    supervision: supervision as Supervision,
    labels: labels as Partial<MakePseudoLabelsConfig>,
    ...(seeds === undefined ? {} : { seeds: seeds as Partial<MakeSeedsConfig> }),
    ...(training === undefined ? {} : { training: training as Partial<TrainAffinityConfig> }),
  };
}

/** What the ablation sets itself: where things are, but for the weights that a training begins with, and what its runs share or vary. */
function takenOf<C>(table: OptionTable<C>): readonly string[] {
  const places = keysTouching(table, ["place"]).filter((key) => key !== "weights");
  return [...places, "voc12Root", "seedLabelRoot", "seed", "gpus"];
}

function checkKeys(options: unknown, table: object, taken: readonly string[], where: string): void {
  if (typeof options !== "object" || options === null)
    throw expected("usage", "an object of options", typeof options, where);
  for (const key of Object.keys(options)) {
    if (taken.includes(key)) throw new UserError("usage", `"${key}" is set by the ablation itself (${where})`);
    if (!Object.hasOwn(table, key)) throw new UserError("usage", `unknown option "${key}" (${where})`);
  }
}

function checkNames(variants: readonly Variant[], where: string): void {
  const seen = new Set<string>();
  for (const variant of variants) {
    const folder = folderOf(variant);
    if (seen.has(folder)) throw new UserError("usage", `two variants are named "${variant.name}" (${where})`);
    seen.add(folder);
  }
}
