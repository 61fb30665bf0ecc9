/** Labels one photograph by each of the methods that `measure-photographs.ts` compares. */

import { spawnSync } from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { makeSeedsOptions, resolveConfig } from "../../src/config/make-seeds";
import { defaultsOf } from "../../src/config/option";
import { resolveLabelConfig } from "../../src/config/pseudo-label-presets";
import { pixelsOf } from "../../src/data/box-pixels";
import type { DatasetDescription } from "../../src/data/dataset";
import type { RgbImage } from "../../src/data/image";
import { type LabelMap, readLabel, writeLabel } from "../../src/data/label-png";
import type { Box } from "../../src/data/voc-boxes";
import { crfAlone } from "../../src/demo/crf-alone";
import { DENSE_CRF_DEFAULTS } from "../../src/dense-crf/dense-crf-options";
import { type GraphSource, openGraphSource } from "../../src/label-photograph/graph-source";
import { labelPhotograph } from "../../src/label-photograph/label-photograph";
import { weakSeed } from "../../src/label-photograph/weak-seed";
import { boxRule } from "../../src/seeds/box-rule";
import { openGrabCut } from "../../src/seeds/grabcut";
import { pointRule } from "../../src/seeds/point-rule";
import { scribbleRule } from "../../src/seeds/scribble-rule";
import { fillUnknown, type SeedImage } from "../../src/seeds/seed-image";
import { type Superpixels, superpixels } from "../../src/seeds/superpixels";
import type { WeakLabelsOfImage } from "../../src/steps/sources/weak-label-source";
import type { Variant } from "./variants";

export type Kind = "box" | "point" | "scribble";

/** One photograph and what a person said of it. */
export interface Photograph {
  readonly id: string;
  readonly image: RgbImage;
  readonly weak: WeakLabelsOfImage;
}

export interface Labeller {
  label(photograph: Photograph): Promise<LabelMap>;
  /** CPU seconds that child processes have taken. */
  childSeconds(): number;
  close(): Promise<void>;
}

/** @param python the interpreter of the forest */
export async function openLabeller(
  kind: Kind,
  { method, seeds = "direct", rule = {}, options = {} }: Variant,
  { dataset, seed, python }: { readonly dataset: DatasetDescription; readonly seed: number; readonly python: string },
): Promise<Labeller> {
  const { ignore } = dataset;
  const grabCut = openGrabCut();
  const settings = { ...resolveConfig({ ...rule, supervision: kind, voc12Root: "." }).config };
  const known = { supervision: kind, hasMaps: false, hasBackbone: true };
  const { config } = resolveLabelConfig({ ...options, supervision: kind, seed }, known);
  const drawnAlone = { ...config, superpixels: false, grabCut: false };
  let graphs: GraphSource | undefined;
  let childSeconds = 0;

  const cutsOf = ({ image, weak }: Photograph) => Promise.all(weak.boxes.map((box) => grabCut.cut(image, box)));

  const ruleSeed = async (photograph: Photograph): Promise<Uint8Array> => {
    const { image, weak } = photograph;
    const of = seedImage(image, dataset);
    if (kind === "point") return pointRule(of, weak.points, settings).label.data;
    if (kind === "scribble") return scribbleRule(of, weak.strokes as Uint8Array, settings).label.data;
    return boxRule(of, weak.boxes, await cutsOf(photograph), settings).label.data;
  };

  const directSeed = ({ image, weak }: Photograph): LabelMap => {
    const { width, height } = image;
    const strokes = weak.strokes && { width, height, data: weak.strokes };
    return weakSeed({ boxes: weak.boxes, clicks: weak.points, strokes }, image, dataset, drawnAlone).label;
  };

  const seedOf = async (photograph: Photograph): Promise<LabelMap> => {
    const direct = directSeed(photograph);
    if (seeds === "direct") return direct;
    const made = await ruleSeed(photograph);
    if (seeds === "rule") return { ...direct, data: made };
    if (seeds === "both") return { ...direct, data: fillUnknown(made, direct.data, ignore) };
    return { ...direct, data: made.map((value, i) => (value === direct.data[i] ? value : ignore)) };
  };

  const a2gnn = async (photograph: Photograph): Promise<LabelMap> => {
    const { id, image, weak } = photograph;
    graphs ??= await openGraphSource(config);
    const { width, height } = image;
    const strokes = weak.strokes && { width, height, data: weak.strokes };
    const labels = {
      ...(weak.boxes.length > 0 ? { boxes: weak.boxes } : {}),
      ...(weak.points.length > 0 ? { clicks: weak.points } : {}),
      ...(strokes === undefined ? {} : { strokes }),
      ...(seeds === "direct" ? {} : { seed: await seedOf(photograph) }),
    };
    return (await labelPhotograph(image, labels, { ...config, dataset, name: id, graph: graphs })).label;
  };

  const label = async (photograph: Photograph): Promise<LabelMap> => {
    const { image, weak } = photograph;
    switch (method) {
      case "a2gnn":
        return a2gnn(photograph);
      case "seeds": {
        const seed = await seedOf(photograph);
        return { ...seed, data: seed.data.map((value) => (value === ignore ? 0 : value)) };
      }
      case "crf":
        return crfAlone(image, await seedOf(photograph), ignore, DENSE_CRF_DEFAULTS);
      case "forest": {
        const made = await forest(python, image, await seedOf(photograph), ignore);
        childSeconds += made.seconds;
        return made.label;
      }
      case "filled":
        return painted(image, weak.boxes, () => true);
      case "grabcut": {
        const cuts = await cutsOf(photograph);
        return painted(image, weak.boxes, (box, pixel) => {
          const cut = cuts[weak.boxes.indexOf(box)];
          return "failure" in cut || cut.foreground[pixel] === 1;
        });
      }
    }
  };
  return {
    label,
    childSeconds: () => childSeconds,
    async close() {
      graphs?.dispose();
      await grabCut.close();
    },
  };
}

// --- internal ---

function seedImage(image: RgbImage, { classes, ignore }: DatasetDescription): SeedImage {
  const { superpixelArea: area, superpixelCompactness: compactness } = defaultsOf(makeSeedsOptions);
  let made: Superpixels | undefined;
  return {
    image,
    classes,
    ignore,
    superpixels() {
      made ??= superpixels(image, { area, compactness });
      return made;
    },
  };
}

/** Boxes from the largest to the smallest, each where `holds`; the rest is background. */
function painted(
  { width, height }: RgbImage,
  boxes: readonly Box[],
  holds: (box: Box, pixel: number) => boolean,
): LabelMap {
  const data = new Uint8Array(width * height);
  const area = (box: Box): number => (box.xmax - box.xmin + 1) * (box.ymax - box.ymin + 1);
  for (const box of [...boxes].sort((a, b) => area(b) - area(a))) {
    const pixels = pixelsOf(box, { width, height });
    if (pixels === undefined) continue;
    for (let y = pixels.top; y <= pixels.bottom; y++)
      for (let x = pixels.left; x <= pixels.right; x++) if (holds(box, y * width + x)) data[y * width + x] = box.class;
  }
  return { width, height, data };
}

async function forest(
  python: string,
  image: RgbImage,
  seed: LabelMap,
  ignore: number,
): Promise<{ label: LabelMap; seconds: number }> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "forest-"));
  const [photograph, seeds, out] = ["image.rgb", "seed.png", "label.png"].map((name) => path.join(folder, name));
  try {
    await fs.writeFile(photograph, image.data);
    const grey = Array.from({ length: 256 }, (_, i) => [i, i, i] as const);
    await writeLabel(seeds, seed, grey);
    const script = path.join(__dirname, "forest.py");
    const words = [script, photograph, seeds, out, String(ignore)];
    const { status, stdout, stderr } = spawnSync(python, words, { encoding: "utf8" });
    if (status !== 0) throw new Error(`${python} ${script}: ${stderr}`);
    return { label: await readLabel(out), seconds: Number(stdout) };
  } finally {
    await fs.rm(folder, { recursive: true, force: true });
  }
}
