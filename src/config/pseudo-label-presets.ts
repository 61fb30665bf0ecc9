/**
 * What `make-pseudo-labels` takes for granted: which supervision and features a command line means, and which defaults
 * go with them. The table's are the scribble case; the reference's `train_infer_A2GNN_box.py` and `--rw True` change
 * some.
 */

import { UserError } from "../errors";
import {
  type FeatureKind,
  type LabelConfig,
  labelOptions,
  type MakePseudoLabelsConfig,
  makePseudoLabelsOptions,
  type Supervision,
} from "./make-pseudo-labels";
import { completeConfig, flagOf, type OptionTable } from "./option";

/** What differs from the table's defaults, which are the scribble case. */
export const presets: Readonly<Record<Supervision, Partial<LabelConfig>>> = {
  scribble: {},
  image: { rw: true },
  point: { rw: true },
  box: { epochs: 150, learningRate: 0.035, crfWeight: 0.01, radius: 4, seedPadding: "ignore", multiPoint: true },
};

/**
 * What differs with handcrafted features, where there is no reference to be equal to. Its learning rates belong to
 * 5,632 channels; these are a hundred times fewer, a row's shares that much larger, and at the same rate 300 steps
 * memorise the seeds: a quarter of the hidden units and 100 steps do as well as 256 and 300, in a tenth of the time.
 * Padding that counts as background outweighs a few clicks. Affinities from colour and texture do not know where a
 * thing ends, but boxes do. Clicks are few and far between: on a smaller picture they reach farther.
 */
function handcraftedPreset(supervision: Supervision): Partial<LabelConfig> {
  const graphSide = supervision === "point" ? 256 : 0;
  return { hidden: 64, epochs: 50, learningRate: 0.01, seedPadding: "ignore", boxLimit: true, graphSide };
}

/** The same for features of the ImageNet backbone, which tell a thing from its surroundings at any distance. */
function imagenetPreset(supervision: Supervision): Partial<LabelConfig> {
  return { ...handcraftedPreset(supervision), graphSide: 0 };
}

/** All that differs from the table for a kind of weak label and the features of the graph. */
export function presetOf(supervision: Supervision, features: FeatureKind): Partial<LabelConfig> {
  const own =
    features === "handcrafted"
      ? handcraftedPreset(supervision)
      : features === "imagenet"
        ? imagenetPreset(supervision)
        : {};
  // Cells of the user's own features are of the photograph as it is.
  return { ...presets[supervision], ...own, ...(features === "files" ? { workPixels: 0 } : {}) };
}

/** What nothing is left to infer of. */
interface Settled {
  readonly supervision: Supervision;
  readonly features: FeatureKind;
  readonly crfEpochs: number;
}

export type ResolvedConfig = MakePseudoLabelsConfig & Settled;
export type ResolvedLabelConfig = LabelConfig & Settled;

/**
 * Infers the supervision and the features, applies the preset, checks what only makes sense together.
 * @param hasBackbone whether the ImageNet backbone is set up: it then is the default for strokes and clicks
 * @throws UserError "usage"
 */
export function resolveConfig(
  given: Partial<MakePseudoLabelsConfig>,
  hasBackbone = false,
): {
  config: ResolvedConfig;
  notices: readonly string[];
} {
  const supervision = given.supervision ?? inferSupervision(given);
  if (supervision === "image" && given.seedLabelRoot === undefined)
    throw new UserError("usage", "image supervision needs --seed-label-root: tags alone label no pixel");
  const hasMaps = given.camDir !== undefined;
  const known = { supervision, hasMaps, hasBackbone, maps: "--cam-dir", option: commandLineOption };
  const defaults = { savePath: `./out/${supervision}_pred` };
  const { config, notices } = settle({ ...defaults, ...stated(given) }, makePseudoLabelsOptions, known);
  const inferred = given.supervision === undefined ? [`supervision: ${supervision} (choose with --supervision)`] : [];
  return { config, notices: [...inferred, ...notices] };
}

/**
 * The same for one photograph whose weak label is at hand.
 * @param known the kind of weak label, whether there are class activation maps, whether the ImageNet backbone is set up
 * @throws UserError "usage"
 */
export function resolveLabelConfig(
  given: Partial<LabelConfig>,
  known: { readonly supervision: Supervision; readonly hasMaps: boolean; readonly hasBackbone: boolean },
): { config: ResolvedLabelConfig; notices: readonly string[] } {
  return settle(stated(given), labelOptions, { ...known, maps: "maps", option: codeOption });
}

/**
 * As the reference's command lines imply it: its box script has `--BoxXmlpath`, image and point run with `--rw True`.
 */
function inferSupervision(given: Partial<MakePseudoLabelsConfig>): Supervision {
  if (given.boxXmlPath !== undefined) return "box";
  if (given.rw === true) return given.points === undefined ? "image" : "point";
  return "scribble";
}

/**
 * Without files and weights: what ImageNet taught for strokes and clicks, which say little of the rest of a thing (61.8
 * against 45.6 and 46.3 against 33.7 mIoU on 22 photographs); for boxes, which say where it ends, it brought nothing.
 */
function inferFeatures({ graphDir, weights }: Partial<LabelConfig>, { supervision, hasBackbone }: Known): FeatureKind {
  if (graphDir !== undefined) return "files";
  if (weights !== undefined) return "cnn";
  return hasBackbone && (supervision === "scribble" || supervision === "point") ? "imagenet" : "handcrafted";
}

/** What decides beside the options. */
interface Known {
  readonly supervision: Supervision;
  readonly hasMaps: boolean;
  readonly hasBackbone: boolean;
  /** What the user calls the class activation maps, and an option with a value. */
  readonly maps: string;
  readonly option: (name: string, value?: unknown) => string;
}

const commandLineOption = (name: string, value?: unknown): string =>
  `--${flagOf(name)}${value === undefined ? "" : ` ${value}`}`;
const codeOption = (name: string, value?: unknown): string => `${name}${value === undefined ? "" : `: ${value}`}`;

function settle<C extends LabelConfig>(
  given: Partial<C>,
  table: OptionTable<C>,
  known: Known,
): { config: C & Settled; notices: readonly string[] } {
  const { supervision, option } = known;
  const features = given.features ?? inferFeatures(given, known);
  const complete = completeConfig<C>({ ...presetOf(supervision, features), ...given, supervision }, table);
  if (features === "cnn" && complete.weights === undefined)
    throw new UserError("usage", `${option("features", "cnn")} needs ${option("weights")}`);
  if (features === "files" && complete.graphDir === undefined)
    throw new UserError("usage", `${option("features", "files")} needs ${option("graphDir")}`);
  const notices: string[] = [];
  if (features === "handcrafted" && complete.features === undefined)
    notices.push(
      `no ${option("weights")} given: the graph is built from handcrafted features (colour, texture, position)`,
    );
  if (features === "imagenet" && complete.features === undefined)
    notices.push(
      `no ${option("weights")} given: the graph is built from what an ImageNet network sees (${option("features", "handcrafted")} goes without it)`,
    );
  if (features !== "cnn" && complete.weights !== undefined)
    notices.push(`${option("weights")} is not used with ${option("features", features)}`);
  if (features !== "files")
    for (const key of ["graphDir", "graphStride", "graphNormalise"] as const)
      if (complete[key] !== undefined) notices.push(`${option(key)} is not used with ${option("features", features)}`);
  if (features === "files" && complete.graphSide > 0)
    throw new UserError(
      "usage",
      `${option("graphSide")} reduces the photograph; the cells of ${option("graphDir")} are as they are`,
    );
  const rw = settleWalk(complete, known, notices);
  if (rw && given.graphSide !== undefined && given.graphSide > 0)
    throw new UserError(
      "usage",
      `${option("graphSide")} needs ${option("rw", false)}: the walk is over the whole photograph's cells`,
    );
  const graphSide = rw ? 0 : complete.graphSide;
  const crfEpochs = complete.crfEpochs ?? complete.epochs;
  return { config: { ...complete, supervision, features, rw, graphSide, crfEpochs }, notices };
}

function settleWalk(config: LabelConfig, { supervision, hasMaps, maps, option }: Known, notices: string[]): boolean {
  if (hasMaps && !config.rw) notices.push(`${maps} ${maps === "maps" ? "are" : "is"} not used: the random walk is off`);
  if (!config.rw || hasMaps) return config.rw;
  if (supervision === "point") {
    notices.push(`no ${maps} given: the random walk is off`);
    return false;
  }
  const walk = `the random walk${supervision === "image" ? " of image supervision" : ""}`;
  throw new UserError("usage", `${walk} needs ${maps}; ${option("rw", false)} goes without it`);
}

function stated<C>(given: Partial<C>): Partial<C> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<C>;
}
