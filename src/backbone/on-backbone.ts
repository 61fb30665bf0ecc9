/** A network whose head stands on a backbone with taps: ResNet38, or EfficientNet-Lite2, as the weights' names say. */

import type { Backbone } from "../config/backbone";
import type { NormMode } from "../config/norm-mode";
import { liteTaps } from "../efficientnet/lite-taps";
import { expected, UserError } from "../errors";
import type { Parameter } from "../network/layer";
import { listed, type ParameterSource, parameterSource, placeOf, type Weights } from "../network/parameter-source";
import { ParameterStore } from "../network/parameter-store";
import { resnet38 } from "../network/resnet38";
import type { TappedBackbone } from "../network/tapped-backbone";

export interface NetworkOptions {
  /** Makes variables of what a training may change; for inference leave it out. */
  readonly trained?: NormMode;
  /** Layers of the head that the weights lack are drawn from this seed. Default: nothing may be missing. */
  readonly initialSeed?: number;
  /** Channels of the first layer of a network from scratch: all its layers may be lacking, and a training changes all. */
  readonly width?: number;
  /** What it must stand on. Default: as the weights say. */
  readonly backbone?: Backbone;
  /** A training leaves EfficientNet-Lite2 as it is. Default false. */
  readonly freezeBackbone?: boolean;
}

export interface OnBackbone<H> {
  readonly kind: Backbone;
  readonly store: ParameterStore;
  readonly backbone: TappedBackbone;
  readonly head: H;
  /** Whether no training changes the backbone. */
  readonly isFrozen: boolean;
}

/** The first convolution of each, which tells them apart. */
const FIRST: Readonly<Record<Backbone, string>> = {
  resnet38: "conv1a.weight",
  "efficientnet-lite2": "_conv_stem.weight",
};

const TITLE: Readonly<Record<Backbone, string>> = {
  resnet38: "a ResNet38",
  "efficientnet-lite2": "an EfficientNet-Lite2",
};

/** What the weights are of; undefined where they hold neither's first layer. */
export function backboneOf(source: Pick<ParameterSource, "names">): Backbone | undefined {
  const names = source.names();
  return (Object.keys(FIRST) as Backbone[]).find((kind) => names.includes(FIRST[kind]));
}

/**
 * @param headOf the head on a backbone
 * @param enlarged how many times its size EfficientNet-Lite2 sees an image
 * @throws UserError "weights" for those of another backbone; listing missing and wrongly shaped parameters
 */
export async function loadOnBackbone<H extends { readonly parameters: readonly Parameter[] }>(
  weights: Weights,
  headOf: (backbone: TappedBackbone) => H,
  { trained, initialSeed, width, backbone: wanted, freezeBackbone = false }: NetworkOptions,
  enlarged: number = 1,
): Promise<OnBackbone<H>> {
  const source = parameterSource(weights);
  const found = width === undefined ? backboneOf(source) : undefined;
  if (found !== undefined && wanted !== undefined && found !== wanted) throw otherBackbone(source, found, wanted);
  const kind = found ?? wanted ?? "resnet38";
  const base = width ?? baseOf(source, kind);
  const isFrozen = freezeBackbone && width === undefined && kind === "efficientnet-lite2";
  const backbone =
    kind === "resnet38"
      ? resnet38(base, width === undefined ? undefined : []) // from scratch no layer has learned anything
      : liteTaps({ base, frozen: isFrozen, enlarged });
  const head = headOf(backbone);
  const inHead = new Set(head.parameters.map(({ name }) => name));
  const store = await ParameterStore.load(weights, kernelsFirst([...backbone.parameters, ...head.parameters]), {
    trained,
    initialSeed,
    frozen: backbone.isFrozen,
    mayLack: width === undefined ? (name) => inHead.has(name) : undefined,
    foldsNorms: true,
  });
  return { kind, store, backbone, head, isFrozen };
}

function otherBackbone(source: ParameterSource, found: Backbone, wanted: Backbone): UserError {
  return new UserError(
    "weights",
    `${placeOf(source)} is of a network on ${found}, not on ${wanted}: say --backbone ${found}, or give other --weights`,
  );
}

/** Files of these networks have their convolutions first. */
function kernelsFirst(parameters: readonly Parameter[]): readonly Parameter[] {
  const isKernel = ({ kind }: Parameter): boolean => kind === "kernel";
  return [...parameters.filter(isKernel), ...parameters.filter((each) => !isKernel(each))];
}

/** Channels of the first convolution. @throws UserError "weights" where there is none */
function baseOf(source: ParameterSource, kind: Backbone): number {
  const name = FIRST[kind];
  if (!source.names().includes(name))
    throw expected("weights", `weights of ${TITLE[kind]} with "${name}"`, listed(source.names()), placeOf(source));
  const shape = source.shape(name);
  if (shape.length !== 4 || shape[1] !== 3 || shape[2] !== 3 || shape[3] !== 3)
    throw expected("weights", `"${name}" of [n, 3, 3, 3]`, `[${shape.join(", ")}]`, placeOf(source));
  return shape[0];
}
