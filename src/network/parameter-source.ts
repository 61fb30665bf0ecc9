/** Where a network's parameters come from, and whether they fit it by name and shape. */

import { expected, UserError } from "../errors";
import type { NdArray } from "../nd-array";

/** Where parameters come from: an open weight file, or anything that looks like one. */
export interface ParameterSource {
  readonly where?: string;
  names(): readonly string[];
  shape(name: string): readonly number[];
  read(name: string): Promise<NdArray>;
}

export type Weights = ParameterSource | ReadonlyMap<string, NdArray>;

export function parameterSource(weights: Weights): ParameterSource {
  if (!(weights instanceof Map)) return weights as ParameterSource;
  const map = weights as ReadonlyMap<string, NdArray>;
  return {
    where: "weights in memory",
    names: () => [...map.keys()],
    shape: (name) => foundIn(map, name).shape,
    read: async (name) => foundIn(map, name),
  };
}

/** Channels of the first convolution. @throws UserError "weights" where there is none */
export function inferBase(source: ParameterSource): number {
  const name = "conv1a.weight";
  if (!source.names().includes(name))
    throw expected("weights", `weights of a ResNet38 with "${name}"`, listed(source.names()), placeOf(source));
  const shape = source.shape(name);
  if (shape.length !== 4 || shape[1] !== 3 || shape[2] !== 3 || shape[3] !== 3)
    throw expected("weights", `"${name}" of [n, 3, 3, 3]`, `[${shape.join(", ")}]`, placeOf(source));
  return shape[0];
}

/** Names and shapes of all that a network needs. @throws UserError "weights" listing what is missing or of another shape */
export function checkShapes(
  source: ParameterSource,
  shapes: ReadonlyMap<string, readonly number[]>,
  present: ReadonlySet<string>,
  initial: ((name: string, shape: readonly number[]) => NdArray | undefined) | undefined,
): void {
  const missing: string[] = [];
  const wrong: string[] = [];
  for (const [name, shape] of shapes) {
    if (!present.has(name)) {
      if (initial?.(name, shape) === undefined) missing.push(name);
      continue;
    }
    const got = source.shape(name);
    if (got.length !== shape.length || got.some((extent, i) => extent !== shape[i]))
      wrong.push(`${name} is [${got.join(", ")}], not [${shape.join(", ")}]`);
  }
  if (missing.length === 0 && wrong.length === 0) return;
  const parts = [
    missing.length > 0 ? `missing: ${listed(missing)}` : undefined,
    wrong.length > 0 ? `of another shape: ${listed(wrong)}` : undefined,
  ].filter((part) => part !== undefined);
  throw new UserError("weights", `weights do not fit the network; ${parts.join("; ")} (${placeOf(source)})`);
}

function placeOf(source: ParameterSource): string {
  return source.where ?? "weights";
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 12).join(", ");
  return names.length > 12 ? `${shown} and ${names.length - 12} more` : shown || "nothing";
}

function foundIn(map: ReadonlyMap<string, NdArray>, name: string): NdArray {
  const array = map.get(name);
  if (array === undefined) throw new Error(`no parameter "${name}"`);
  return array;
}
