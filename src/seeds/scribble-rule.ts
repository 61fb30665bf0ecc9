/**
 * Seeds from scribbles (docs/method.md, section 1.3, "scribble"; the rule is ours): every superpixel touched by exactly
 * one scribbled class takes it, scribbled pixels keep theirs. Elsewhere unknown for the graph network (the reference's
 * Scribble_SuperPixel), or the confident label for the affinity network (its SEAM_Scribble).
 */

import { fillUnknown, type SeedImage, type Seeds, type Stage, seedsOf, taggedOnly } from "./seed-image";
import { spread } from "./spread";

export interface ScribbleRule {
  readonly superpixels: boolean;
  readonly superpixelArea: number;
  readonly scribbleRest: "unknown" | "confident";
  readonly tagsOnly: boolean;
}

/** @param strokes class on the strokes, `ignore` elsewhere, [H·W] */
export function scribbleRule(seed: SeedImage, strokes: Uint8Array, rule: ScribbleRule): Seeds {
  const { ignore, confident } = seed;
  let label = strokes;
  const stages: Stage[] = [{ rule: "strokes", label }];
  if (rule.superpixels) {
    label = fillUnknown(label, spread(seed.superpixels(), strokes, ignore, rule.superpixelArea), ignore);
    stages.push({ rule: "superpixels", label });
  }
  if (rule.scribbleRest === "confident" && confident !== undefined) {
    const tags = seed.tags ?? [...new Set(strokes)].filter((value) => value !== ignore);
    label = fillUnknown(label, rule.tagsOnly ? taggedOnly(confident, tags, ignore) : confident, ignore);
    stages.push({ rule: "confident label", label });
  }
  return seedsOf(seed, stages);
}
