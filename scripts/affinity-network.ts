/**
 * Trains an affinity network for any photograph: seed labels from boxes (GrabCut), then a head on EfficientNet-Lite2, which
 * `make-pseudo-labels --weights` opens. It is stored in half precision, with its provenance beside it. Same photographs,
 * options and machine, same bytes. Killed anywhere, the same command resumes.
 *
 *     npx tsx scripts/affinity-network.ts DATA LIST WORK [SEED]
 *
 * DATA is a folder in VOC layout with Annotations/, LIST the photographs, WORK a folder for seeds, checkpoints and the result,
 * WORK/affinity-lite2-SEED.safetensors.
 */

import crypto from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../src/atomic-write";
import { useBackend } from "../src/backend";
import { readImageList } from "../src/data/image-list";
import type { NdArray } from "../src/nd-array";
import { silentReporter } from "../src/running/reporter";
import { makeSeeds } from "../src/steps/make-seeds";
import { trainAffinity } from "../src/steps/train-affinity";
import { openWeights } from "../src/weights/checkpoint";
import { writeSafetensors } from "../src/weights/safetensors";

async function main([root, list, work, seed = "0"]: readonly string[]): Promise<void> {
  await useBackend("native", { threads: 1 });
  const say = (message: string): void => console.error(message);
  const reporter = { ...silentReporter, notice: say, warn: say };
  const seeds = path.join(work, "seeds");
  await makeSeeds.run(
    {
      voc12Root: root,
      inferList: list,
      supervision: "box",
      boxXmlPath: path.join(root, "Annotations"),
      savePath: seeds,
    },
    { reporter },
  );
  const sessionName = path.join(work, `affinity-${seed}`);
  const config = { voc12Root: root, trainList: list, labelDir: seeds, sessionName, seed: Number(seed), numWorkers: 0 };
  const trained = await trainAffinity.run({ ...config, backbone: "efficientnet-lite2" }, { reporter });
  if (trained.weights === undefined) return; // stopped
  const weights = await openWeights(trained.weights.safetensors);
  const state = new Map<string, NdArray>();
  for (const name of weights.names()) state.set(name, await weights.read(name));
  await weights.close();
  const file = path.join(work, `affinity-lite2-${seed}.safetensors`);
  await writeSafetensors(file, state, { backbone: "efficientnet-lite2-9656183e.pth" }, "half");
  const bytes = await fs.readFile(file);
  const sha256 = crypto.createHash("sha256").update(bytes).digest("hex");
  const { losses, totalSteps } = trained;
  const described = { ...PROVENANCE, file: path.basename(file), sha256, bytes: bytes.length };
  const training = { photographs: (await readImageList(list, root)).ids.length, steps: totalSteps, losses };
  await writeAtomic(
    `${path.dirname(file)}/provenance.json`,
    `${JSON.stringify({ ...described, training }, undefined, 2)}\n`,
  );
  console.log(`${file}: ${bytes.length} bytes, SHA-256 ${sha256}, ${trained.seconds.toFixed(0)} s`);
}

/** Where the network comes from and what it is good for; bytes, hash and training are added. */
const PROVENANCE = {
  name: "affinities on EfficientNet-Lite2",
  source: "trained by scripts/affinity-network.ts of this package",
  licence: "MIT, as this package; the backbone under it is Apache-2.0",
  architecture:
    "a head of four 1x1 convolutions (docs/method.md, sections 2.2 and 6.10) on stages 2, 3, 5 and 7 of EfficientNet-Lite2, which stays as ImageNet left it; half precision",
  preprocessing: "as EfficientNet-Lite2's, of the photograph at twice its size",
  trainingData:
    "photographs of PASCAL VOC 2012's training set with their boxes alone; seeds by GrabCut in each box; no mask. Everingham et al. 2010",
  figures: "docs/measurements.md",
} as const;

void main(process.argv.slice(2));
