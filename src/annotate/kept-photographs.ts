/**
 * What the computing process keeps of photographs between strokes: pixels, graphs, the lattice of the quick label's dense
 * CRF, and what the last quick label learned. Few photographs are kept, the ones asked for last, whatever the folder holds.
 */

import { type RgbImage, readRgb } from "../data/image";
import { type KeepingSharpener, keepingSharpener } from "../dense-crf/sharpen";
import type { ImageGraph } from "../graph/image-graph";
import type { EarlierResult } from "../label-photograph/label-photograph";
import { GraphBuilder, type GraphPlan } from "../label-photograph/photograph-graph";
import { firstPassImage } from "./first-pass";

export interface KeptPhotograph {
  readonly name: string;
  readonly image: RgbImage;
  /** What quick labels are computed of. */
  readonly quick: RgbImage;
  /** Of quick labels. */
  readonly crf: KeepingSharpener;
  /** The last quick label's training. */
  first?: EarlierResult & { readonly kind: "box" | "scribble" | "point" };
  /** By the key of their plan: of a kind of weak label one for quick labels and one for full ones. */
  readonly graphs: Map<string, ImageGraph>;
}

export interface KeptPhotographs {
  /** The photograph of a file, read unless it is kept; the one that was asked for longest ago makes room. */
  take(file: string, name: string): Promise<KeptPhotograph>;
  /** The graph of its quick or its full label, built unless it is kept. @param pause as of `GraphBuilder.build` */
  graphOf(
    photograph: KeptPhotograph,
    image: RgbImage,
    plan: GraphPlan,
    pause?: () => Promise<void>,
  ): Promise<ImageGraph>;
  /** Of the photographs that are kept, the one asked for last at the end. */
  files(): readonly string[];
  dispose(): Promise<void>;
}

/** The open photograph, the one after it, and the one before it. */
const MOST = 3;

export function keepPhotographs(most: number = MOST): KeptPhotographs {
  const kept = new Map<string, KeptPhotograph>();
  const builder = new GraphBuilder();
  const forget = (file: string): void => {
    for (const graph of kept.get(file)?.graphs.values() ?? []) graph.dispose();
    kept.delete(file);
  };
  return {
    async take(file, name) {
      const found = kept.get(file) ?? (await read(file, name));
      kept.delete(file);
      kept.set(file, found);
      for (const oldest of kept.keys()) {
        if (kept.size <= most) break;
        forget(oldest);
      }
      return found;
    },
    async graphOf({ graphs, name }, image, plan, pause) {
      const graph = graphs.get(plan.key) ?? (await builder.build(image, plan, name, pause));
      graphs.set(plan.key, graph);
      return graph;
    },
    files: () => [...kept.keys()],
    async dispose() {
      for (const file of kept.keys()) forget(file);
      await builder.dispose();
    },
  };
}

async function read(file: string, name: string): Promise<KeptPhotograph> {
  const image = await readRgb(file);
  return { name, image, quick: firstPassImage(image), crf: keepingSharpener(), graphs: new Map() };
}
