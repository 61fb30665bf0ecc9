/** Loads tfjs-node out of a finished folder of the cache, bound to the caller's own copy of TensorFlow.js. */

import fs from "node:fs";
import Module from "node:module";
import path from "node:path";
import util from "node:util";
import { BACKEND, type NativeRecipe, QUIET_ADDON } from "./native-recipe";

/** Where `native/tfjs/index.js`, which tfjs-node gets when it asks for `@tensorflow/tfjs`, finds the caller's copy. */
const SHARED_COPY = Symbol.for("a2gnn.tfjs");

/**
 * @param folder the finished folder (its recipe's, or the one being built)
 * @param tfjs the caller's `@tensorflow/tfjs`; its backend "tensorflow" is registered and active afterwards
 */
export function loadNative(folder: string, { packageName, keyFiles }: NativeRecipe, tfjs: unknown): void {
  bringBackUtilities();
  // 2: errors only. Who asks for 0 or 1 gets all of it.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  if (Number(process.env.TF_CPP_MIN_LOG_LEVEL) >= 2) {
    const framework = keyFiles.find((file) => file.includes("libtensorflow_framework"));
    if (framework !== undefined) loadQuietly(path.join(folder, QUIET_ADDON), path.join(folder, framework));
  }
  (globalThis as Record<symbol, unknown>)[SHARED_COPY] = tfjs;
  Module.createRequire(path.join(fs.realpathSync(folder), BACKEND, "package.json"))(packageName);
}

/** tfjs-node 4.22.0 calls two functions of `util` that Node 22 warns about and Node 23 no longer has. */
function bringBackUtilities(): void {
  const isNullOrUndefined = (value: unknown): boolean => value === null || value === undefined;
  Object.assign(util, { isNullOrUndefined, isArray: Array.isArray });
}

function loadQuietly(addon: string, library: string): void {
  const { quietly } = Module.createRequire(addon)(addon) as { quietly(path: string): boolean };
  quietly(library);
}
