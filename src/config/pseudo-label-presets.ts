/**
 * What `make-pseudo-labels` takes for granted: which supervision and features a command line means, and which defaults
 * go with them. The table's are the scribble case; the reference's `train_infer_A2GNN_box.py` and `--rw True` change
 * some.
 */

import { UserError } from "../errors";
import { type FeatureKind, type LabelConfig, labelOptions, type Supervision } from "./label-photograph";
import { type ListSupervision, type MakePseudoLabelsConfig, makePseudoLabelsOptions } from "./make-pseudo-labels";
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
  const own = supervision === "box" ? BOXES : {};
  return { hidden: 64, epochs: 50, learningRate: 0.01, seedPadding: "ignore", boxLimit: true, graphSide, ...own };
}

/**
 * Boxes without the reference's seed labels: what GrabCut finds in them, as SDI does (docs/photographs.md has what that is
 * worth), on a picture of half the size, and a graph of this side.
 */
const BOXES: Partial<LabelConfig> = { grabCut: true, grabCutPixels: 80_000, graphSide: 320 };

/**
 * The same for features of the ImageNet backbone, which tell a thing from its surroundings at any distance. Strokes and clicks
 * reach across graphs of these sides (docs/method.md, section 6.2).
 */
function imagenetPreset(supervision: Supervision): Partial<LabelConfig> {
  const graphSide = supervision === "image" ? 0 : supervision === "scribble" ? 256 : 320;
  return { ...handcraftedPreset(supervision), graphSide };
}

/** All that differs from the table for a kind of weak label and the features of the graph. */
export function presetOf(supervision: Supervision, features: FeatureKind): Partial<LabelConfig> {
  const own =
    features === "handcrafted"
      ? handcraftedPreset(supervision)
      : features === "imagenet" || features === "learned"
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

export type ResolvedConfig = Omit<MakePseudoLabelsConfig, "supervision"> & Settled;
export type ResolvedLabelConfig = LabelConfig & Settled;

/** What a run over a list of images does with each of them. */
export interface ResolvedRun {
  /** What holds for all images. With mixed supervision, what depends on the kind of weak label is as it was given. */
  readonly config: MakePseudoLabelsConfig & { readonly supervision: ListSupervision };
  /** The configuration of an image. @param hasMaps whether it has class activation maps */
  configOf(kind: Supervision, hasMaps: boolean): { config: ResolvedConfig; notices: readonly string[] };
  readonly notices: readonly string[];
}

/**
 * Infers the supervision of a run, and with it the configuration of its images: one for all, or with mixed supervision one
 * for each kind of weak label, that of a run of this kind alone.
 * @param hasBackbone whether the ImageNet backbone is set up
 * @throws UserError "usage"
 */
export function resolveRun(given: Partial<MakePseudoLabelsConfig>, hasBackbone = false): ResolvedRun {
  const supervision = given.supervision ?? inferSupervision(given);
  const inferred = given.supervision === undefined ? [`supervision: ${supervision} (choose with --supervision)`] : [];
  if (supervision !== "mixed") {
    const { config, notices } = resolveConfig({ ...given, supervision }, hasBackbone);
    return { config, configOf: () => ({ config, notices: [] }), notices: [...inferred, ...notices] };
  }
  const shared = { savePath: "./out/labels", ...stated(given), supervision };
  const config = { ...completeConfig(shared, makePseudoLabelsOptions), supervision };
  const known = new Map<string, { config: ResolvedConfig; notices: readonly string[] }>();
  return {
    config,
    notices: inferred,
    configOf(kind, hasMaps) {
      const key = `${kind} ${hasMaps}`;
      const settled = known.get(key) ?? settleList({ ...shared, supervision: kind }, kind, hasMaps, hasBackbone);
      known.set(key, settled);
      return settled;
    },
  };
}

/**
 * The configuration of a run over images of one kind of weak label: infers the features, applies the preset, checks what
 * only makes sense together.
 * @param hasBackbone whether the ImageNet backbone is set up: it then is the default for strokes and clicks
 * @throws UserError "usage"
 */
export function resolveConfig(
  given: Partial<MakePseudoLabelsConfig> & { readonly supervision: Supervision },
  hasBackbone = false,
): { config: ResolvedConfig; notices: readonly string[] } {
  const { supervision } = given;
  if (supervision === "image" && given.seedLabelRoot === undefined)
    throw new UserError("usage", "image supervision needs --seed-label-root: tags alone label no pixel");
  const shared = { savePath: `./out/${supervision}_pred`, ...stated(given) };
  return settleList(shared, supervision, given.camDir !== undefined, hasBackbone);
}

function settleList(
  given: Partial<MakePseudoLabelsConfig>,
  supervision: Supervision,
  hasMaps: boolean,
  hasBackbone: boolean,
): { config: ResolvedConfig; notices: readonly string[] } {
  const known = { supervision, hasMaps, hasBackbone, maps: "--cam-dir", option: commandLineOption };
  return settle<ListConfig>({ ...given, supervision }, listOptions, known);
}

/** Once the supervision of an image is settled. */
type ListConfig = Omit<MakePseudoLabelsConfig, "supervision"> & Pick<LabelConfig, "supervision">;
const listOptions: OptionTable<ListConfig> = { ...makePseudoLabelsOptions, supervision: labelOptions.supervision };

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
 * As the reference's command lines imply it: its box script has `--BoxXmlpath`, image and point run with `--rw True`,
 * scribbles with `--rw False`, all with seed labels. A folder of one's own is whatever it holds.
 */
function inferSupervision(given: Partial<MakePseudoLabelsConfig>): ListSupervision {
  const { boxXmlPath, points, scribbles, labelme, coco, yolo, cvat, labelStudio } = given;
  const others = [scribbles, labelme, coco, yolo, cvat, labelStudio].some((place) => place !== undefined);
  if (boxXmlPath !== undefined) return others || points !== undefined ? "mixed" : "box";
  if (others) return "mixed";
  if (given.rw === true) return points === undefined ? "image" : "point";
  return given.rw === false || given.seedLabelRoot !== undefined ? "scribble" : "mixed";
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
  if ((features === "cnn" || features === "learned") && complete.weights === undefined)
    throw new UserError("usage", `${option("features", features)} needs ${option("weights")}`);
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
  if (features !== "cnn" && features !== "learned" && complete.weights !== undefined)
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
