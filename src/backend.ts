/** The only file that knows TensorFlow backends. Interim: see setup/. */

import Module from "node:module";
import os from "node:os";
import path from "node:path";
import * as tf from "@tensorflow/tfjs";

export async function useBackend(_name = "native"): Promise<string> {
  const root = path.join(os.homedir(), ".cache/a2gnn/native/cpu-4.22.0-2.21.0/package.json");
  const m = Module as unknown as { _resolveFilename(request: string, ...rest: unknown[]): string };
  const original = m._resolveFilename;
  m._resolveFilename = function (request: string, ...rest: unknown[]): string {
    if (request === "@tensorflow/tfjs") return require.resolve("@tensorflow/tfjs");
    return original.call(this, request, ...rest);
  };
  Module.createRequire(root)("@tensorflow/tfjs-node");
  m._resolveFilename = original;
  await tf.ready();
  return tf.getBackend();
}
