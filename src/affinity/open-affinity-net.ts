/**
 * The affinity network of a file. Where only a head was trained, the file holds the head alone, and the backbone is the one
 * that `setup` has fetched.
 */

import { backboneOf } from "../backbone/on-backbone";
import { fileExists } from "../data/bounded-file";
import { UserError } from "../errors";
import { type ParameterSource, parameterSource } from "../network/parameter-source";
import { findBackbone } from "../setup/backbone";
import { openWeights } from "../weights/checkpoint";
import { AffinityNet } from "./affinity-net";

/**
 * Which features of the graph an affinity network's file means: "learned" on EfficientNet-Lite2; undefined for any other, and
 * without a file.
 */
export async function featuresOfWeights(file: string | undefined): Promise<"learned" | undefined> {
  if (file === undefined || !(await fileExists(file))) return undefined; // the graph's source names a missing one
  const weights = await openWeights(file);
  try {
    const isOnLite = backboneOf(weights) === "efficientnet-lite2" || isHeadAlone(weights);
    return isOnLite ? "learned" : undefined;
  } finally {
    await weights.close();
  }
}

/** @throws UserError "weights" for an unusable file, "environment" where it needs the backbone and there is none */
export async function openAffinityNet(file: string): Promise<AffinityNet> {
  const weights = await openWeights(file);
  try {
    const source = parameterSource(weights);
    return isHeadAlone(source) ? await onCachedBackbone(source) : await AffinityNet.load(source);
  } finally {
    await weights.close();
  }
}

function isHeadAlone(source: Pick<ParameterSource, "names">): boolean {
  return backboneOf(source) === undefined && source.names().includes("f9.weight");
}

async function onCachedBackbone(head: ParameterSource): Promise<AffinityNet> {
  const file = findBackbone();
  if (file === undefined)
    throw new UserError(
      "environment",
      `${head.where ?? "the weights"} stand on the ImageNet backbone, which is not set up: a2gnn setup fetches it (23 MB)`,
    );
  const backbone = await openWeights(file);
  try {
    return await AffinityNet.load(joined(head, parameterSource(backbone)));
  } finally {
    await backbone.close();
  }
}

/** Where both have a parameter, the first one's counts. */
function joined(first: ParameterSource, second: ParameterSource): ParameterSource {
  const own = new Set(first.names());
  const of = (name: string): ParameterSource => (own.has(name) ? first : second);
  return {
    where: first.where,
    names: () => [...new Set([...own, ...second.names()])],
    shape: (name) => of(name).shape(name),
    read: (name) => of(name).read(name),
  };
}
