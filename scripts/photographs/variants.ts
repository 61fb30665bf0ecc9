/** What `measure-photographs.ts` compares: ways to label a photograph from its weak label, by name. */

import type { LabelConfig, Supervision } from "../../src/config/label-photograph";
import type { MakeSeedsConfig } from "../../src/config/make-seeds";

/**
 * seeds    the seed label as it is, what it leaves unknown as background
 * filled   filled boxes, the smaller above the larger
 * grabcut  OpenCV's GrabCut in each box
 * crf      the dense CRF on the seeds
 * forest   scikit-image's multiscale features and random forest on the seeds (scripts/photographs/forest.py)
 * a2gnn    `labelPhotograph`
 */
export type Method = "seeds" | "filled" | "grabcut" | "crf" | "forest" | "a2gnn";

/**
 * Where seeds come from. direct: what `labelPhotograph` takes for certain; rule: what `make-seeds` makes; both: the first
 * where the second is unknown; agreed: where both say the same.
 */
export type SeedKind = "direct" | "rule" | "both" | "agreed";

export interface Variant {
  readonly method: Method;
  readonly seeds?: SeedKind;
  /** Of `make-seeds`. */
  readonly rule?: Partial<MakeSeedsConfig>;
  /** Of `labelPhotograph`. */
  readonly options?: Partial<LabelConfig>;
}

const handcrafted: Partial<LabelConfig> = { features: "handcrafted" };
const imagenet: Partial<LabelConfig> = { features: "imagenet" };

/** Of one kind of weak label; a name that ends in `+` needs more than the package. */
const common: Readonly<Record<string, Variant>> = {
  seeds: { method: "seeds" },
  crf: { method: "crf" },
  handcrafted: { method: "a2gnn", options: handcrafted },
  imagenet: { method: "a2gnn", options: imagenet },
};

/** The baselines and defaults first, then the candidates among which the training photographs choose. */
export const variants: Readonly<Record<Exclude<Supervision, "image">, Readonly<Record<string, Variant>>>> = {
  box: {
    ...common,
    filled: { method: "filled" },
    grabcut: { method: "grabcut" },
    "grabcut-seeds": { method: "seeds", seeds: "rule" },
    "grabcut-crf": { method: "crf", seeds: "rule" },
    rule: { method: "a2gnn", seeds: "rule", options: handcrafted },
    both: { method: "a2gnn", seeds: "both", options: handcrafted },
    agreed: { method: "a2gnn", seeds: "agreed", options: handcrafted },
    "rule-imagenet": { method: "a2gnn", seeds: "rule", options: imagenet },
    "rule-background": {
      method: "a2gnn",
      seeds: "rule",
      rule: { grabCutBackground: "background" },
      options: handcrafted,
    },
    "rule-side256": { method: "a2gnn", seeds: "rule", options: { ...handcrafted, graphSide: 256 } },
    middles: { method: "a2gnn", options: { ...handcrafted, grabCut: false } },
    "middles-whole": { method: "a2gnn", options: { ...handcrafted, grabCut: false, graphSide: 0 } },
    "cut-whole": { method: "a2gnn", options: { ...handcrafted, grabCutPixels: 1_000_000 } },
    "no-limit": { method: "a2gnn", options: { ...handcrafted, boxLimit: false } },
  },
  point: {
    ...common,
    "imagenet-side256": { method: "a2gnn", options: { ...imagenet, graphSide: 256 } },
    "imagenet-side320": { method: "a2gnn", options: { ...imagenet, graphSide: 320 } },
    "imagenet-spread": { method: "a2gnn", seeds: "rule", options: imagenet },
    "imagenet-affinity3": { method: "a2gnn", options: { ...imagenet, affinityWeight: 3 } },
    "imagenet-affinity30": { method: "a2gnn", options: { ...imagenet, affinityWeight: 30 } },
    "imagenet-crf0": { method: "a2gnn", options: { ...imagenet, crfWeight: 0 } },
    "imagenet-lr3": { method: "a2gnn", options: { ...imagenet, learningRate: 3e-3 } },
    "imagenet-layers1": { method: "a2gnn", options: { ...imagenet, layers: 1 } },
    "imagenet-steps20": { method: "a2gnn", options: { ...imagenet, epochs: 20 } },
    "imagenet-rim0": { method: "a2gnn", options: { ...imagenet, pointRim: 0 } },
  },
  scribble: {
    ...common,
    forest: { method: "forest" },
    "imagenet-side256": { method: "a2gnn", options: { ...imagenet, graphSide: 256 } },
    "imagenet-side320": { method: "a2gnn", options: { ...imagenet, graphSide: 320 } },
    "imagenet-spread": { method: "a2gnn", seeds: "rule", options: imagenet },
    "imagenet-affinity3": { method: "a2gnn", options: { ...imagenet, affinityWeight: 3 } },
    "imagenet-affinity30": { method: "a2gnn", options: { ...imagenet, affinityWeight: 30 } },
    "imagenet-crf0": { method: "a2gnn", options: { ...imagenet, crfWeight: 0 } },
    "imagenet-steps20": { method: "a2gnn", options: { ...imagenet, epochs: 20 } },
  },
};
