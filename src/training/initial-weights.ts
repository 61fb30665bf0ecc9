/** What a training begins with: a weight file whose layers fit, new layers drawn, or everything drawn. */

import type { TrainingConfig } from "../config/training";
import { UserError } from "../errors";
import type { NdArray } from "../nd-array";
import { initialHead, initialNetwork } from "../network/initial-head";
import { FULL_WIDTH, type NetworkKind, parameterShapes } from "../network/layout";
import type { Weights } from "../network/parameter-source";
import { type LoadOptions, layerOf, type NetworkParameters } from "../network/parameters";
import { openWeights } from "../weights/checkpoint";

export interface InitialWeights {
  readonly weights: Weights;
  readonly options: Pick<LoadOptions, "initial" | "ignore" | "classes" | "frozen">;
  /** True where all layers are drawn: normalisations then want `calibrateNorms`. */
  readonly fromScratch: boolean;
  /** What a user should know about how the weights fitted. */
  noticesOf(parameters: NetworkParameters): string[];
  close(): Promise<void>;
}

/** `--weights none`. */
const NONE = "none";

/** Layers above the backbone: another network's are not ours, though some have the same names. */
const HEAD_LAYERS: readonly string[] = ["f8_3", "f8_4", "f8_5", "f9", "fc8"];

/**
 * @param classes of a classification network, background included
 * @throws UserError "usage", "weights"
 */
export async function openInitialWeights(
  { weights: file, width, seed }: Pick<TrainingConfig, "weights" | "width" | "seed">,
  kind: NetworkKind,
  classes?: number,
): Promise<InitialWeights> {
  if (file === NONE) return fromScratch(width ?? FULL_WIDTH, seed, kind, classes);
  if (width !== undefined)
    throw new UserError("usage", "--width goes with --weights none: weights have their own width");
  const weights = await openWeights(file);
  const names = weights.names();
  const source = names.includes("fc8.weight")
    ? "classification"
    : names.includes("f8_5.weight")
      ? "affinity"
      : undefined;
  const otherHead = source !== undefined && source !== kind;
  return {
    weights,
    fromScratch: false,
    options: {
      initial: initialHead(seed),
      ignore: otherHead ? (name) => HEAD_LAYERS.includes(layerOf(name)) : undefined,
      classes,
    },
    noticesOf: ({ initialised, unused }) => [
      ...(otherHead ? [`${file} is of a ${source} network: its head is left out`] : []),
      ...(initialised.length > 0 ? [`new layers, initialised: ${initialised.map(layerOf).join(", ")}`] : []),
      ...(unused.length > 0 ? [`${file} holds more than the network: ${unused.slice(0, 8).join(", ")}`] : []),
    ],
    close: () => weights.close(),
  };
}

function fromScratch(width: number, seed: number, kind: NetworkKind, classes?: number): InitialWeights {
  const shapes = parameterShapes(width, kind, classes);
  const initial = initialNetwork(seed);
  const shape = (name: string): readonly number[] => shapes.get(name) ?? [];
  return {
    weights: {
      where: "weights from scratch",
      names: () => [...shapes.keys()],
      shape,
      read: async (name): Promise<NdArray> => initial(name, shape(name)),
    },
    fromScratch: true,
    // reference: the first layers stay as pre-training left them; from scratch there is nothing to keep
    options: { classes, frozen: [] },
    noticesOf: () => [`from scratch, width ${width} of ${FULL_WIDTH}: all layers are trained`],
    close: async () => {},
  };
}
