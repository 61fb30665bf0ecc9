/** Weights of one network on ResNet38 as the beginning of another: the backbone serves both, the heads do not. */

import { type ParameterSource, sourceWithout } from "./parameter-source";
import { layerOf } from "./parameter-store";

/** Networks by their head. */
export type NetworkKind = "affinity" | "classification";

/** Layers above the backbone: another network's are not ours, though some have the same names. */
const HEAD_LAYERS: readonly string[] = ["f8_3", "f8_4", "f8_5", "f9", "fc8"];

/** @returns the source without another network's head, and a sentence about it where there is one */
export function withoutOtherHead(
  source: ParameterSource,
  kind: NetworkKind,
): { readonly source: ParameterSource; readonly notices: readonly string[] } {
  const names = source.names();
  const found = names.includes("fc8.weight") ? "classification" : names.includes("f8_5.weight") ? "affinity" : kind;
  if (found === kind) return { source, notices: [] };
  return {
    source: sourceWithout(source, (name) => HEAD_LAYERS.includes(layerOf(name))),
    notices: [`${source.where ?? "weights"} is of a ${found} network: its head is left out`],
  };
}
