/**
 * `npx tsx bench/segmentation.ts [MODEL …] [321] [473] [step] [inference] [--threads N]`: what one training step and one
 * inference of the segmentation networks cost at full width (21 classes, weights from scratch), on a synthetic image of 321
 * and 473 pixels, or the next size that the network takes; all of them, or those that the words name. Each in a process of
 * its own, whose largest resident memory is the peak; the second of two is timed. DeepLab's steps have one image and frozen
 * normalisations, the others two and the batch's statistics.
 */

import { execFile } from "node:child_process";
import os from "node:os";
import { promisify } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { MODELS, type ModelName } from "../src/config/segmentation-models";
import { singleProcess } from "../src/parallel/communicator";
import { openTrainable } from "../src/segmentation/open-segmenter";
import { PolySgd } from "../src/training/poly-sgd";
import { segmentationTask } from "../src/training/segmentation/segmentation-task";
import { sumCounts, trainStep } from "../src/training/step";
import { formulaTensor } from "../src/weights/formula";

const SIZES = [321, 473] as const;
const KINDS = ["step", "inference"] as const;
const CLASSES = 21;

type Kind = (typeof KINDS)[number];

interface Measured {
  readonly side: number;
  readonly images: number;
  readonly milliseconds: number;
  /** User and system time of the process's threads, of what was measured. */
  readonly cpuMilliseconds: number;
  readonly peakGigabytes: number;
}

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  if (words[0] === "--one") {
    const [model, size, kind, backend] = words.slice(1);
    process.stdout.write(JSON.stringify(await measure(model as ModelName, Number(size), kind as Kind, backend)));
    return;
  }
  const at = words.indexOf("--threads");
  const threads = at < 0 ? undefined : words.splice(at, 2)[1];
  const all = [...MODELS, ...KINDS, ...SIZES.map(String)];
  const unknown = words.find((word) => !all.includes(word));
  if (unknown !== undefined) throw new Error(`expected some of ${all.join(", ")}, got "${unknown}"`);
  const named = <T>(among: readonly T[]): readonly T[] =>
    among.some((each) => words.includes(String(each))) ? among.filter((each) => words.includes(String(each))) : among;
  process.stdout.write(
    `${os.cpus()[0].model}, ${threads ?? os.availableParallelism()} threads, Node ${process.version}\n`,
  );
  process.stdout.write("network                what       pixels images       ms   CPU ms  peak GB\n");
  for (const model of named(MODELS))
    for (const size of named(SIZES))
      for (const kind of named(KINDS))
        process.stdout.write(formatLine(model, kind, await inProcess(model, size, kind, threads)));
}

async function inProcess(model: ModelName, size: number, kind: Kind, threads: string | undefined): Promise<Measured> {
  const environment = threads === undefined ? {} : { TF_NUM_INTRAOP_THREADS: threads };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...process.execArgv, __filename, "--one", model, String(size), kind],
    { env: { ...process.env, ...environment } },
  );
  return JSON.parse(stdout) as Measured;
}

function formatLine(model: ModelName, kind: Kind, row: Measured): string {
  const figures = [row.side, row.images, row.milliseconds.toFixed(0), row.cpuMilliseconds.toFixed(0)];
  const cells = figures.map((figure, i) => String(figure).padStart([6, 6, 8, 8][i]));
  return `${model.padEnd(22)} ${kind.padEnd(10)} ${cells.join(" ")} ${row.peakGigabytes.toFixed(2).padStart(8)}\n`;
}

async function measure(model: ModelName, size: number, kind: Kind, backend = "native"): Promise<Measured> {
  await useBackend(backend);
  const isDeepLab = model.startsWith("deeplab");
  const norm = isDeepLab ? "frozen" : "batch";
  const { segmenter } = await openTrainable({ model, weights: "none", seed: 1, norm }, CLASSES);
  const side = segmenter.network.fit(size);
  const images = kind === "step" && !isDeepLab ? 2 : 1;
  const samples = Array.from({ length: images }, (_, seed) => ({
    seed,
    image: formulaTensor("image", [side, side, 3], seed, -2, 2),
    labels: segmenter.network
      .labelSides(side)
      .map((each) => Uint8Array.from({ length: each * each }, (_, i) => i % CLASSES)),
  }));
  const task = segmentationTask(segmenter, { norm, balanced: false, dropout: true, cropSize: side });
  const optimizer = new PolySgd(task.variables, { learningRate: 1e-6, weightDecay: 5e-4, steps: 10, momentum: 0.9 });
  const { counts } = sumCounts(task.count(samples), images, false, singleProcess);
  const once = (): void => {
    if (kind === "step") trainStep(task, optimizer, samples, counts, singleProcess);
    else tf.tidy(() => segmenter.infer(tf.tensor4d(samples[0].image, [1, side, side, 3])).dataSync());
  };
  once();
  const cpu = process.cpuUsage();
  const started = performance.now();
  once();
  const milliseconds = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  const peakGigabytes = process.resourceUsage().maxRSS / 2 ** 20;
  return { side, images, milliseconds, cpuMilliseconds: (user + system) / 1000, peakGigabytes };
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exit(1);
});
