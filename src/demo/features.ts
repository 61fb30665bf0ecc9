/**
 * What the demo's graphs are made from, chosen once and said openly: trained weights where the data set carries some,
 * else handcrafted features; on request a network of a sixteenth of the width with random weights.
 */

import fs from "node:fs/promises";
import path from "node:path";
import { affinityShapes } from "../affinity/affinity-net";
import type { DemoConfig, DemoFeatures } from "../config/demo";
import type { MakePseudoLabelsConfig } from "../config/make-pseudo-labels";
import { UserError } from "../errors";
import { formulaParameters } from "../weights/formula";
import { writeSafetensors } from "../weights/safetensors";

export interface DemoGraph {
  readonly kind: DemoFeatures;
  /** A sentence for the report. */
  readonly said: string;
  /** Options for `make-pseudo-labels`. */
  readonly options: Partial<MakePseudoLabelsConfig>;
}

/**
 * For pictures of some 300 cells, where the reference's have 3,000: 64 steps of the random walk mix all of so small a
 * grid, and padding that counts as background outweighs a few clicks.
 */
export const SMALL_PICTURES = { rw: false, seedPadding: "ignore" } as const;

/** conv1a's channels: 64 at full width. */
const REDUCED_BASE = 4;
const FORMULA_SEED = 11;

export async function chooseFeatures({ data, features, weights, out }: DemoConfig): Promise<DemoGraph> {
  const trained = weights ?? (await affinityWeights(path.join(data, "weights")));
  const kind = features ?? (trained === undefined ? "handcrafted" : "trained");
  switch (kind) {
    case "trained":
      if (trained === undefined)
        throw new UserError(
          "usage",
          `--features trained needs --weights: there is no affinity.safetensors, .pth or .params in ${data}/weights`,
        );
      return {
        kind,
        said: [
          `Graph: features and affinities of the network in ${path.basename(trained)}.`,
          ...(weights === undefined
            ? ["It was trained on weak labels, those of these images among them, and on no mask."]
            : []),
          "Without the random walk, and with padding unknown: the reference's 64 steps mix all of so small a picture.",
        ].join(" "),
        options: { features: "cnn", weights: trained, ...SMALL_PICTURES },
      };
    case "random": {
      const file = path.join(out, "weights", "random-width-16th.safetensors");
      await fs.mkdir(path.dirname(file), { recursive: true });
      await writeSafetensors(file, formulaParameters(affinityShapes(REDUCED_BASE), FORMULA_SEED));
      return {
        kind,
        said: "Graph: features and affinities of a ResNet38 of a sixteenth of the width with RANDOM weights: it has learned nothing. This shows the machinery, not the method's quality. Settings as with trained weights.",
        options: { features: "cnn", weights: file, ...SMALL_PICTURES },
      };
    }
    default:
      return {
        kind: "handcrafted",
        said: "Graph: handcrafted features (colour, texture and position of each 8×8 cell) and affinities from them. No network and no trained weights were used.",
        options: { features: "handcrafted" },
      };
  }
}

/** By its name: other networks of the data set lie beside it. */
async function affinityWeights(folder: string): Promise<string | undefined> {
  const names = await fs.readdir(folder).catch(() => [] as string[]);
  const name = names.sort().find((each) => /^affinity\.(safetensors|pth|params)$/.test(each));
  return name === undefined ? undefined : path.join(folder, name);
}
