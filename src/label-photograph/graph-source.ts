/** The graph of an image: from the affinity network, from files, from the ImageNet backbone, or from handcrafted features alone. */

import path from "node:path";
import * as tf from "@tensorflow/tfjs";
import type { AffinityNet } from "../affinity/affinity-net";
import { openAffinityNet } from "../affinity/open-affinity-net";
import type { ResolvedConfig } from "../config/pseudo-label-presets";
import { LiteFeatures } from "../efficientnet/lite-features";
import { UserError } from "../errors";
import { createImageGraph } from "../graph/image-graph";
import { handcraftedGraph } from "../handcrafted/graph";
import { normaliseRgb } from "../image-ops/normalise";
import { padToMultiple } from "../image-ops/pad";
import { findBackbone } from "../setup/backbone";
import { openWeights } from "../weights/checkpoint";
import { CELL, windowedMap } from "../window/windowed-map";
import { type GraphSource, openGraphFiles } from "./graph-files";

export type { GraphSource } from "./graph-files";

export type GraphConfig = Pick<
  ResolvedConfig,
  "features" | "weights" | "radius" | "graphDir" | "graphStride" | "graphNormalise"
>;

/** The graphs of a run whose images differ in features and radius; what they share is opened once. */
export interface GraphSources {
  /** @throws UserError "weights" for an unusable weight file */
  sourceOf(config: GraphConfig): Promise<GraphSource>;
  /** What the graphs were built from. */
  descriptions(): Promise<string[]>;
  dispose(): Promise<void>;
}

export function openGraphSources(): GraphSources {
  const sources = new Map<string, Promise<GraphSource>>();
  let network: Promise<AffinityNet> | undefined;
  return {
    sourceOf(config) {
      const { features, weights, radius } = config;
      const key = `${features} ${radius}`;
      const known = sources.get(key);
      if (known !== undefined) return known;
      let source: Promise<GraphSource>;
      if ((features === "cnn" || features === "learned") && weights !== undefined) {
        network ??= openAffinityNet(weights);
        source = network.then((loaded) => networkSource(loaded, weights, radius));
      } else source = openGraphSource(config);
      sources.set(key, source);
      return source;
    },
    async descriptions() {
      const all = (await Promise.allSettled(sources.values())).flatMap((each) =>
        each.status === "fulfilled" ? [each.value.description] : [],
      );
      return [...new Set(all)];
    },
    async dispose() {
      for (const source of await Promise.allSettled(sources.values()))
        if (source.status === "fulfilled") source.value.dispose();
      await network?.then(
        (loaded) => loaded.dispose(),
        () => undefined,
      );
    },
  };
}

/**
 * @param backbone an open one, which the caller disposes; without it the source opens and disposes its own
 * @throws UserError "weights" for an unusable weight file
 */
export async function openGraphSource(config: GraphConfig, backbone?: LiteFeatures): Promise<GraphSource> {
  const { features, weights, radius, graphDir } = config;
  if (features === "files" && graphDir !== undefined) return openGraphFiles({ ...config, graphDir });
  if ((features === "cnn" || features === "learned") && weights !== undefined) {
    const network = await openAffinityNet(weights);
    return { ...networkSource(network, weights, radius), dispose: () => network.dispose() };
  }
  if (features === "imagenet" && backbone !== undefined) return backboneSource(backbone, radius);
  if (features === "imagenet") {
    const own = await openBackbone();
    return { ...backboneSource(own, radius), dispose: () => own.dispose() };
  }
  return {
    description: "handcrafted",
    async buildGraph(image) {
      const { height, width, channels, features, affinity } = handcraftedGraph(image, radius);
      const nodes = tf.tensor2d(features, [height * width, channels]);
      const graph = createImageGraph(nodes, affinity);
      nodes.dispose();
      return graph;
    },
    dispose() {},
  };
}

/** @throws UserError "environment" where the backbone is not set up */
export async function openBackbone(): Promise<LiteFeatures> {
  const file = findBackbone();
  if (file === undefined)
    throw new UserError(
      "environment",
      "the ImageNet backbone is not set up: a2gnn setup fetches it (23 MB), or use --features handcrafted",
    );
  const weights = await openWeights(file);
  return LiteFeatures.load(weights).finally(() => weights.close());
}

/** Nodes that know what ImageNet's classes look like, with the affinities of handcrafted graphs, which know where borders are. */
function backboneSource(backbone: LiteFeatures, radius: number): GraphSource {
  return {
    description: path.basename(findBackbone() ?? "imagenet"),
    async buildGraph(image, _, pause) {
      const { affinity } = handcraftedGraph(image, radius);
      await pause?.();
      const nodes = backbone.nodes(image, affinity);
      try {
        return createImageGraph(nodes, affinity);
      } finally {
        nodes.dispose();
      }
    },
    dispose: () => undefined,
  };
}

/** Whoever loaded the network disposes it. */
function networkSource(network: AffinityNet, file: string, radius: number): GraphSource {
  return {
    description: path.basename(file),
    async buildGraph(image) {
      const shape = { height: image.height, width: image.width, channels: 3 };
      const { data, height, width } = padToMultiple(normaliseRgb(image.data), shape); // padded after normalising, with 0
      const size = { height: height / CELL, width: width / CELL, radius };
      const nodes = size.height * size.width;
      let affinities = new Float32Array(0);
      const features = tf.tidy(() => {
        const maps = network.forward(tf.tensor4d(data, [1, height, width, 3]), radius);
        affinities = maps.affinity.dataSync() as Float32Array<ArrayBuffer>; // [n, d·d]
        return maps.features.reshape<tf.Tensor2D>([nodes, maps.features.shape[3]]); // [n, c]
      });
      try {
        return createImageGraph(features, windowedMap(affinities, size));
      } finally {
        features.dispose();
      }
    },
    dispose() {},
  };
}
