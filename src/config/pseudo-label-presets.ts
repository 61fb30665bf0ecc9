/**
 * What `make-pseudo-labels` takes for granted: which supervision and features a command line means, and which defaults
 * go with them. The table's are the scribble case; the reference's `train_infer_A2GNN_box.py` and `--rw True` change
 * some.
 */

import { UserError } from "../errors";
import {
  type FeatureKind,
  type MakePseudoLabelsConfig,
  makePseudoLabelsOptions,
  type Supervision,
} from "./make-pseudo-labels";
import { completeConfig, flagOf } from "./option";

/** What differs from the table's defaults, which are the scribble case. */
export const presets: Readonly<Record<Supervision, Partial<MakePseudoLabelsConfig>>> = {
  scribble: {},
  image: { rw: true },
  point: { rw: true },
  box: { epochs: 150, lr: 0.035, crfWeight: 0.01, radius: 4, seedPadding: "ignore", multiPoint: true },
};

/**
 * What differs with handcrafted features, where there is no reference to be equal to. Its learning rates belong to
 * 5,632 channels; these are a hundred times fewer, a row's shares that much larger, and at the same rate 300 steps
 * memorise the seeds: a quarter of the hidden units and 100 steps do as well as 256 and 300, in a tenth of the time.
 * Padding that counts as background outweighs a few clicks. Affinities from colour and texture do not know where a
 * thing ends, but boxes do. Clicks are few and far between: on a smaller picture they reach farther.
 */
export function handcraftedPreset(supervision: Supervision): Partial<MakePseudoLabelsConfig> {
  const graphSide = supervision === "point" ? 256 : 0;
  return { hidden: 64, epochs: 50, lr: 0.01, seedPadding: "ignore", boxLimit: true, graphSide };
}

/** A configuration in which nothing is left to infer. */
export interface ResolvedConfig extends MakePseudoLabelsConfig {
  readonly supervision: Supervision;
  readonly features: FeatureKind;
  readonly crfEpochs: number;
}

/**
 * Infers the supervision and the features, applies the preset, checks what only makes sense together.
 * @throws UserError "usage"
 */
export function resolveConfig(given: Partial<MakePseudoLabelsConfig>): {
  config: ResolvedConfig;
  notices: readonly string[];
} {
  const notices: string[] = [];
  const supervision = given.supervision ?? inferSupervision(given);
  if (given.supervision === undefined) notices.push(`supervision: ${supervision} (choose with --supervision)`);
  const features = given.features ?? inferFeatures(given);
  const defaults = {
    savePath: `./out/${supervision}_pred`,
    ...presets[supervision],
    ...(features === "handcrafted" ? handcraftedPreset(supervision) : {}),
  };
  const stated = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const complete = completeConfig<MakePseudoLabelsConfig>(
    { ...defaults, ...stated, supervision },
    makePseudoLabelsOptions,
  );
  if (features === "cnn" && complete.weights === undefined)
    throw new UserError("usage", "--features cnn needs --weights");
  if (features === "files" && complete.graphDir === undefined)
    throw new UserError("usage", "--features files needs --graph-dir");
  if (features === "handcrafted" && complete.features === undefined)
    notices.push("no --weights given: the graph is built from handcrafted features (colour, texture, position)");
  if (features !== "cnn" && complete.weights !== undefined)
    notices.push(`--weights is not used with --features ${features}`);
  if (features !== "files")
    for (const key of ["graphDir", "graphStride", "graphNormalise"] as const)
      if (complete[key] !== undefined) notices.push(`${`--${flagOf(key)}`} is not used with --features ${features}`);
  if (features === "files" && complete.graphSide > 0)
    throw new UserError("usage", "--graph-side reduces the photograph; the cells of --graph-dir are as they are");
  if (supervision === "image" && complete.seedLabelRoot === undefined)
    throw new UserError("usage", "image supervision needs --seed-label-root: tags alone label no pixel");
  const rw = resolveWalk(complete, supervision, notices);
  if (rw && given.graphSide !== undefined && given.graphSide > 0)
    throw new UserError("usage", "--graph-side needs --rw false: the walk is over the whole photograph's cells");
  const graphSide = rw ? 0 : complete.graphSide;
  const crfEpochs = complete.crfEpochs ?? complete.epochs;
  return { config: { ...complete, supervision, features, rw, graphSide, crfEpochs }, notices };
}

/**
 * As the reference's command lines imply it: its box script has `--BoxXmlpath`, image and point run with `--rw True`.
 */
function inferSupervision(given: Partial<MakePseudoLabelsConfig>): Supervision {
  if (given.boxXmlPath !== undefined) return "box";
  if (given.rw === true) return given.points === undefined ? "image" : "point";
  return "scribble";
}

function inferFeatures({ graphDir, weights }: Partial<MakePseudoLabelsConfig>): FeatureKind {
  if (graphDir !== undefined) return "files";
  return weights === undefined ? "handcrafted" : "cnn";
}

function resolveWalk(config: MakePseudoLabelsConfig, supervision: Supervision, notices: string[]): boolean {
  if (config.camDir !== undefined && !config.rw) notices.push("--cam-dir is not used: the random walk is off");
  if (!config.rw || config.camDir !== undefined) return config.rw;
  if (supervision === "point") {
    notices.push("no --cam-dir given: the random walk is off");
    return false;
  }
  throw new UserError(
    "usage",
    `the random walk${supervision === "image" ? " of image supervision" : ""} needs --cam-dir; --rw false goes without it`,
  );
}
