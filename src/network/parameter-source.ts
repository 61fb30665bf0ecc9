/** Where a network's parameters come from, and whether they fit it by name and shape. */

import { UserError } from "../errors";
import type { NdArray } from "../nd-array";
import type { Parameter } from "./layer";

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

/**
 * Names and shapes of all that a network needs.
 * @param mayLack which parameters are drawn where the source lacks them
 * @throws UserError "weights" listing what is missing or of another shape
 */
export function checkParameters(
  source: ParameterSource,
  parameters: readonly Parameter[],
  present: ReadonlySet<string>,
  mayLack: (name: string) => boolean,
): void {
  const missing: string[] = [];
  const wrong: string[] = [];
  for (const { name, shape } of parameters) {
    if (!present.has(name)) {
      if (!mayLack(name)) missing.push(name);
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

/** The source without some of its parameters. */
export function sourceWithout(source: ParameterSource, isLeftOut: (name: string) => boolean): ParameterSource {
  return {
    where: source.where,
    names: () => source.names().filter((name) => !isLeftOut(name)),
    shape: (name) => source.shape(name),
    read: (name) => source.read(name),
  };
}

/** Where the weights come from, for messages. */
export function placeOf(source: ParameterSource): string {
  return source.where ?? "weights";
}

/** The first names of many, for messages. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 12).join(", ");
  return names.length > 12 ? `${shown} and ${names.length - 12} more` : shown || "nothing";
}

function foundIn(map: ReadonlyMap<string, NdArray>, name: string): NdArray {
  const array = map.get(name);
  if (array === undefined) throw new Error(`no parameter "${name}"`);
  return array;
}
