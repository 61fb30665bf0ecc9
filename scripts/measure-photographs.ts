/**
 * How good labels are on real photographs whose true masks are known: `labelPhotograph` with several settings beside the
 * baselines that it must beat, for each kind of weak label (docs/photographs.md).
 *
 *     npx tsx scripts/measure-photographs.ts DATA LIST OUT box:filled,grabcut,crf,handcrafted scribble:imagenet … \
 *       [--seed 0] [--count 40] [--python python3]
 *
 * `--count n` takes n photographs of the list at even distances. Variants are named in photographs/variants.ts. Labels
 * come to OUT/KIND/VARIANT/SEED/NAME.png with their CPU seconds beside them; what exists is not computed again. Prints a
 * table in Markdown after each variant.
 */

import fs from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";

import { writeAtomic } from "../src/atomic-write";
import { useBackend } from "../src/backend";
import { type DatasetDescription, readDataset } from "../src/data/dataset";
import { findImage, readRgb } from "../src/data/image";
import { readImageList } from "../src/data/image-list";
import { readLabel, writeLabel } from "../src/data/label-png";
import { openWeakLabels } from "../src/steps/sources/weak-label-source";
import { type Kind, openLabeller } from "./photographs/label-by";
import { confusionOf, scored } from "./photographs/scores";
import { variants } from "./photographs/variants";

interface Setting {
  readonly root: string;
  readonly out: string;
  readonly ids: readonly string[];
  readonly dataset: DatasetDescription;
  readonly seed: number;
  readonly python: string;
}

async function main(words: readonly string[]): Promise<void> {
  const { positionals, values } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      seed: { type: "string", default: "0" },
      count: { type: "string" },
      python: { type: "string", default: "python3" },
    },
  });
  const [root, list, out, ...wanted] = positionals;
  const all = (await readImageList(list, root)).ids;
  const count = Math.min(all.length, Number(values.count ?? all.length));
  const ids = Array.from({ length: count }, (_, i) => all[Math.floor(((i + 0.5) * all.length) / count)]);
  const setting = {
    root,
    out,
    ids,
    dataset: await readDataset(root),
    seed: Number(values.seed),
    python: values.python,
  };
  await useBackend("native", { threads: 1 });
  process.stdout.write(`${ids.length} photographs of ${list}, seed ${values.seed}\n\n`);
  process.stdout.write("| kind | variant | photographs | mIoU | 95 % interval | pixels right | CPU s |\n");
  process.stdout.write("|---|---|---:|---:|---:|---:|---:|\n");
  for (const [kind, name] of wanted.flatMap(pairs)) await measure(kind, name, setting);
}

function pairs(word: string): [Kind, string][] {
  const [kind, names] = word.split(":");
  if (kind !== "box" && kind !== "point" && kind !== "scribble")
    throw new Error(`expected box:, point: or scribble: and names of variants, got ${word}`);
  return names.split(",").map((name) => {
    if (variants[kind][name] === undefined)
      throw new Error(`${kind} has no variant ${name}; it has ${Object.keys(variants[kind]).join(", ")}`);
    return [kind, name];
  });
}

async function measure(kind: Kind, name: string, setting: Setting): Promise<void> {
  const { root, out, ids, dataset, seed } = setting;
  const folder = path.join(out, kind, name, String(seed));
  const labeller = await openLabeller(kind, variants[kind][name], setting);
  const weakLabels = await openWeakLabels({ voc12Root: root, supervision: kind }, dataset);
  const confusions = [];
  const seconds = [];
  try {
    for (const id of ids) {
      const [file, record] = [path.join(folder, `${id}.png`), path.join(folder, `${id}.json`)];
      if ((await fs.stat(record).catch(() => undefined)) === undefined) {
        const image = await readRgb(await findImage(root, id));
        let weak: Awaited<ReturnType<typeof weakLabels.labelsOf>>;
        try {
          weak = await weakLabels.labelsOf(id, image);
        } catch (error) {
          process.stderr.write(`${id}: ${error instanceof Error ? error.message : error}\n`);
          continue;
        }
        const before = cpuSeconds() + labeller.childSeconds();
        await writeLabel(file, await labeller.label({ id, image, weak }), dataset.palette);
        await writeAtomic(record, JSON.stringify({ cpuSeconds: cpuSeconds() + labeller.childSeconds() - before }));
      }
      const truth = await readLabel(path.join(root, "SegmentationClass", `${id}.png`));
      confusions.push(confusionOf(truth.data, (await readLabel(file)).data, dataset, id));
      seconds.push(JSON.parse(await fs.readFile(record, "utf8")).cpuSeconds as number);
    }
  } finally {
    await labeller.close();
  }
  const { photographs, mIoU, interval, accuracy } = scored(confusions, dataset);
  const mean = seconds.reduce((a, b) => a + b, 0) / seconds.length;
  const cells = [kind, name, photographs, mIoU.toFixed(1), interval.map((value) => value.toFixed(1)).join("–")];
  process.stdout.write(`| ${[...cells, accuracy.toFixed(1), mean.toFixed(2)].join(" | ")} |\n`);
}

/** Of this process and all of its threads. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
});
