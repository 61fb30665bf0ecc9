/** Files of weights, whatever their format: told apart by their content, never by their name. */

import { expected, UserError } from "../errors";
import type { NdArray } from "../nd-array";
import { type ByteSource, openByteSource } from "./byte-source";
import { isPickle, openDetectronPkl } from "./detectron-pkl";
import { isMxnetParams, openMxnetParams } from "./mxnet-params";
import { withPlainNames } from "./plain-names";
import { isLegacyPth, openPth } from "./pth";
import { isSafetensors, openSafetensors } from "./safetensors";
import type { WeightFile } from "./weight-file";

export type { WeightFile } from "./weight-file";

/**
 * Opens a `.pth`, `.params`, `.safetensors` or Detectron2's `.pkl` file; values are read later, one parameter at a time. Close it when done.
 * @throws UserError "weights" for a file that is missing, damaged, none of these, or asks for code to be run
 */
export async function openWeights(file: string): Promise<WeightFile> {
  const source = await openByteSource(file);
  try {
    return await openWeightsFrom(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** The same from bytes that are open already; the result closes them. */
export async function openWeightsFrom(source: ByteSource): Promise<WeightFile> {
  return withPlainNames(await openByContent(source));
}

async function openByContent(source: ByteSource): Promise<WeightFile> {
  const first = await source.read(0, Math.min(64, source.size));
  const text = Buffer.from(first).toString("latin1");
  if (text.startsWith("PK\x03\x04") || isLegacyPth(first)) return openPth(source);
  if (isMxnetParams(first)) return openMxnetParams(source);
  if (isSafetensors(first, source.size)) return openSafetensors(source);
  if (isPickle(first)) return openDetectronPkl(source);
  throw expected(
    "weights",
    "PyTorch's .pth, MXNet's .params, Detectron2's .pkl or .safetensors",
    whatItIs(text),
    source.where,
  );
}

/** What people have in hand when a download went wrong. */
function whatItIs(text: string): string {
  if (text === "") return "an empty file";
  if (text.startsWith("version https://git-lfs")) return "a pointer of Git LFS: the file itself was not downloaded";
  if (/^\s*<(!doctype|html)/i.test(text)) return "a web page: the download needs a browser";
  return `something else, beginning with ${JSON.stringify(text.slice(0, 8))}`;
}

export interface ParameterRules {
  /** Parameters that may be absent: they are left out of the result. */
  readonly optional?: (name: string) => boolean;
  /** Parameters of the file that may be there without being expected; batch norm's step counts always may. */
  readonly ignored?: (name: string) => boolean;
}

/** How many names of each kind an error lists; a ResNet38 has 240. */
const MAX_LISTED = 250;

/**
 * Compares a file's parameters with the expected ones, without reading values.
 * @throws UserError "weights" that lists all missing, extra and wrongly shaped parameters by name
 */
export function checkParameters(
  file: WeightFile,
  expectedShapes: ReadonlyMap<string, readonly number[]>,
  { optional = () => false, ignored = () => false }: ParameterRules = {},
): void {
  const names = new Set(file.names());
  const problems = [
    ...listed(
      "missing",
      [...expectedShapes.keys()].filter((name) => !names.has(name) && !isStepCount(name) && !optional(name)),
    ),
    ...listed(
      "not expected",
      [...names].filter((name) => !expectedShapes.has(name) && !isStepCount(name) && !ignored(name)),
    ),
    ...listed(
      "of another shape",
      [...expectedShapes]
        .filter(([name, shape]) => names.has(name) && !isStepCount(name) && file.shape(name).join() !== shape.join())
        .map(([name, shape]) => `${name} [${file.shape(name).join(", ")}] instead of [${shape.join(", ")}]`),
    ),
  ];
  if (problems.length > 0)
    throw new UserError("weights", `these weights do not fit the network: ${problems.join("; ")} (${file.where})`);
}

/**
 * Reads the expected parameters as float32, all of them, one after the other.
 * @param expectedShapes by name, as in the reference's state_dict
 * @throws UserError "weights" that lists all missing, extra and wrongly shaped parameters by name
 */
export async function loadParameters(
  file: WeightFile,
  expectedShapes: ReadonlyMap<string, readonly number[]>,
  rules: ParameterRules = {},
): Promise<Map<string, NdArray<Float32Array>>> {
  checkParameters(file, expectedShapes, rules);
  const names = new Set(file.names());
  const parameters = new Map<string, NdArray<Float32Array>>();
  for (const name of expectedShapes.keys()) {
    if (!names.has(name)) continue;
    const { shape, data } = await file.read(name);
    parameters.set(name, { shape, data: data instanceof Float32Array ? data : Float32Array.from(data) });
  }
  return parameters;
}

/** PyTorch counts a batch norm's training steps; nothing here uses the count, and older files lack it. */
function isStepCount(name: string): boolean {
  return name.endsWith(".num_batches_tracked");
}

function listed(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > MAX_LISTED ? ` and ${names.length - MAX_LISTED} more` : "";
  return [`${what}: ${names.slice(0, MAX_LISTED).join(", ")}${more}`];
}
