/**
 * The graph of a photograph before anything is drawn on it. It takes longest to prepare: with the graph at hand the first
 * stroke is answered as fast as the second.
 */

import { type LabelConfig, labelOptions, type Supervision } from "../config/label-photograph";
import { type ResolvedLabelConfig, resolveLabelConfig } from "../config/pseudo-label-presets";
import type { RgbImage } from "../data/image";
import type { LiteFeatures } from "../efficientnet/lite-features";
import type { ImageGraph } from "../graph/image-graph";
import { findBackbone } from "../setup/backbone";
import { openBackbone, openGraphSource } from "./graph-source";
import { reducedImage, sideWithin } from "./reduced-input";

/** Everything that a graph depends on, the photograph and its name apart. */
export interface GraphPlan {
  readonly config: ResolvedLabelConfig;
  /** The same for graphs that are alike. */
  readonly key: string;
}

/**
 * The graph that `labelPhotograph` builds for a weak label of this kind.
 * @param options those of `labelPhotograph`; what does not touch the graph does not matter
 */
export function planGraph(supervision: Supervision, options: Partial<LabelConfig>): GraphPlan {
  const given = Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(labelOptions, name)));
  const known = { supervision, hasMaps: false, hasBackbone: findBackbone() !== undefined };
  const { config } = resolveLabelConfig(given, known);
  const { features, weights, radius, graphDir, graphStride, graphNormalise, workPixels, graphSide } = config;
  const parts = [features, weights, radius, graphDir, graphStride, graphNormalise, workPixels, graphSide];
  return { config, key: JSON.stringify(parts) };
}

/** The photograph that all but the finished label is computed at. */
export function workImage(image: RgbImage, { workPixels }: Pick<ResolvedLabelConfig, "workPixels">): RgbImage {
  return reducedImage(image, sideWithin(image, workPixels));
}

/** Builds graphs, and keeps the backbone's weights in memory in between. */
export class GraphBuilder {
  private backbone: Promise<LiteFeatures> | undefined;

  /**
   * The caller disposes the graph.
   * @param name the photograph's, for graphs from files
   * @param pause awaited between the parts of the building; what it throws ends the building
   */
  async build(image: RgbImage, { config }: GraphPlan, name: string, pause?: () => Promise<void>): Promise<ImageGraph> {
    const backbone = config.features === "imagenet" ? await this.openedBackbone() : undefined;
    const source = await openGraphSource(config, backbone);
    try {
      await pause?.();
      return await source.buildGraph(reducedImage(workImage(image, config), config.graphSide), name, pause);
    } finally {
      source.dispose();
    }
  }

  /** A failure is not kept: the backbone may be set up meanwhile. */
  private openedBackbone(): Promise<LiteFeatures> {
    const opened = this.backbone ?? openBackbone();
    this.backbone = opened;
    opened.catch(() => {
      this.backbone = undefined;
    });
    return opened;
  }

  async dispose(): Promise<void> {
    (await this.backbone?.catch(() => undefined))?.dispose();
    this.backbone = undefined;
  }
}
