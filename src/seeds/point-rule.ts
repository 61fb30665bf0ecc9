/**
 * Seeds from clicks (docs/method.md, section 1.3, "point"; the rule is ours, the reference published none): a click is
 * a disc, and labels the superpixel under it; elsewhere the confident label holds, restricted to the image's tags.
 * Where neither a click nor a confident label says background, the rim of the image is background.
 */

import type { ImageSize } from "../data/dataset";
import { drawPoints, type Point, pixelOf, withRim } from "../data/points";
import { fillUnknown, type SeedImage, type Seeds, type Stage, seedsOf, taggedOnly } from "./seed-image";
import { spread } from "./spread";

export interface PointRule {
  /** Radius of the disc, in pixels. */
  readonly pointRadius: number;
  /** Whether clicks spread over their superpixels. */
  readonly superpixels: boolean;
  readonly superpixelArea: number;
  /** Whether the confident label holds elsewhere. */
  readonly camLabel: boolean;
  /** Whether it may name only classes the image is tagged with. */
  readonly tagsOnly: boolean;
  /** Width in pixels of the rim that is background where nothing else is; 0: none. */
  readonly pointRim: number;
}

/** Without tags, the classes clicked are the image's. */
export function pointRule(seed: SeedImage, points: readonly Point[], rule: PointRule): Seeds {
  const { image, ignore, confident } = seed;
  let label = drawPoints(points, image, ignore, rule.pointRadius).data;
  const stages: Stage[] = [{ rule: "clicks", label }];
  if (rule.superpixels) {
    const touched = drawClicks(points, image, ignore);
    label = fillUnknown(label, spread(seed.superpixels(), touched, ignore, rule.superpixelArea), ignore);
    stages.push({ rule: "superpixels", label });
  }
  if (rule.camLabel && confident !== undefined) {
    const tags = seed.tags ?? points.map((point) => point.class);
    label = fillUnknown(label, rule.tagsOnly ? taggedOnly(confident, tags, ignore) : confident, ignore);
    stages.push({ rule: "confident label", label });
  }
  if (rule.pointRim > 0 && !label.includes(0)) {
    label = withRim(label, image, ignore, rule.pointRim);
    stages.push({ rule: "rim", label });
  }
  return seedsOf(seed, stages);
}

/** The pixels under clicks; two of different classes on one pixel cancel out. */
export function drawClicks(
  points: readonly Point[],
  size: { width: number; height: number },
  ignore: number,
): Uint8Array {
  const label = new Uint8Array(size.width * size.height).fill(ignore);
  for (const point of points) {
    const { x, y } = pixelOf(point, size);
    label[y * size.width + x] = point.class;
  }
  return label;
}

/** Strokes, and of each click its own pixel: the disc around it is a guess. Where both say something, the stroke holds. [H·W] */
export function drawnPixels(
  points: readonly Point[],
  strokes: Uint8Array | undefined,
  image: ImageSize,
  ignore: number,
): Uint8Array | undefined {
  if (strokes === undefined && points.length === 0) return undefined;
  const clicked = drawClicks(points, image, ignore);
  return strokes === undefined ? clicked : fillUnknown(strokes, clicked, ignore);
}
