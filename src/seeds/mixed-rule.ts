/**
 * Seeds from several kinds of weak labels of one image (docs/method.md, section 1.3, "mixed"; the rule is ours). From
 * the surest down: scribbled pixels, then clicked ones; the superpixels they spread to, but not beyond the boxes of a class
 * that has boxes; the box rule; the confident label. Where two contradict each other, the more exact one holds, and the
 * contradiction is named. An image of a single kind gets exactly what that kind's own rule
 * gives.
 *
 * What boxes call background is background only if every class that is named has a box: who boxes the dog and clicks
 * the cat has not said where the cat ends.
 */

import { containsPixel } from "../data/box-pixels";
import type { ImageSize } from "../data/dataset";
import { drawPoints, type Point, pixelOf } from "../data/points";
import type { Box } from "../data/voc-boxes";
import { UserError } from "../errors";
import { type BoxRule, boxRule } from "./box-rule";
import type { GrabCutAnswer } from "./grabcut";
import { imageRule } from "./image-rule";
import { drawClicks, type PointRule, pointRule } from "./point-rule";
import { type ScribbleRule, scribbleRule } from "./scribble-rule";
import { fillUnknown, type SeedImage, type Seeds, type Stage, seedsOf, taggedOnly } from "./seed-image";
import { spread } from "./spread";

/** Empty or undefined where an image has none of a kind. */
export interface WeakLabels {
  readonly points: readonly Point[];
  readonly boxes: readonly Box[];
  /** Class on the strokes, `ignore` elsewhere, [H·W]. */
  readonly strokes?: Uint8Array;
}

export type MixedRule = PointRule & ScribbleRule & BoxRule;

/** @throws UserError "input" for an image without any weak label */
export function mixedRule(
  seed: SeedImage,
  { points, boxes, strokes }: WeakLabels,
  answers: readonly GrabCutAnswer[],
  rule: MixedRule,
): Seeds {
  const kinds = [points.length > 0, boxes.length > 0, strokes !== undefined].filter((has) => has).length;
  if (kinds === 0 && seed.confident === undefined)
    throw new UserError("input", "no weak label: no clicks, scribbles, boxes, or confident label");
  if (kinds === 0) return imageRule(seed);
  if (kinds === 1 && points.length > 0) return pointRule(seed, points, rule);
  if (kinds === 1 && strokes !== undefined) return scribbleRule(seed, strokes, rule);
  if (kinds === 1) return boxRule(seed, boxes, answers, rule);

  const { image, ignore } = seed;
  const notices: string[] = [];
  for (const [index, point] of points.entries()) notices.push(...contradiction(point, index, boxes, seed));
  const named = new Set([...points.map((point) => point.class), ...(strokes ?? []), ...(seed.tags ?? [])]);

  const unknown = new Uint8Array(image.width * image.height).fill(ignore);
  const discs = drawPoints(points, image, ignore, rule.pointRadius).data;
  const drawn = fillUnknown(strokes ?? unknown, discs, ignore);
  const stages: Stage[] = [{ rule: "clicks and strokes", label: drawn }];
  let label = drawn;
  if (rule.superpixels) {
    const touched = fillUnknown(strokes ?? unknown, drawClicks(points, image, ignore), ignore);
    const reached = spread(seed.superpixels(), touched, ignore, rule.superpixelArea);
    label = fillUnknown(label, withinBoxes(reached, boxes, image, ignore), ignore);
    stages.push({ rule: "superpixels", label });
  }
  // Scribbles alone leave the rest unknown unless asked otherwise; clicks and boxes always ask the confident label.
  const asks = rule.camLabel && (points.length > 0 || boxes.length > 0 || rule.scribbleRest === "confident");
  const tags = seed.tags ?? [...named, ...boxes.map((box) => box.class)];
  const rest =
    (asks && seed.confident && (rule.tagsOnly ? taggedOnly(seed.confident, tags, ignore) : seed.confident)) || unknown;
  if (boxes.length > 0) {
    const ofBoxes = boxRule(seed, boxes, answers, rule);
    notices.push(...ofBoxes.notices);
    const boxed = new Set([0, ignore, ...boxes.map((box) => box.class)]);
    const complete = [...named].every((value) => boxed.has(value));
    const known = ofBoxes.label.data.map((value, i) => (value === 0 && !complete ? rest[i] : value));
    label = fillUnknown(label, known, ignore);
    stages.push({ rule: "boxes", label });
  } else if (rest !== unknown) {
    label = fillUnknown(label, rest, ignore);
    stages.push({ rule: "confident label", label });
  }
  return seedsOf(seed, stages, notices);
}

// --- internal ---

/** What a click says against the boxes; the click holds, because it points at the thing itself. */
function contradiction(point: Point, index: number, boxes: readonly Box[], { image, classes }: SeedImage): string[] {
  if (point.class === 0) return [];
  const pixel = pixelOf(point, image);
  const around = boxes.filter((box) => containsPixel(box, pixel.x, pixel.y));
  const hasBox = boxes.some((box) => box.class === point.class);
  if (around.some((box) => box.class === point.class) || (!hasBox && around.length === 0)) return [];
  const place =
    around.length === 0
      ? `outside every box of ${classes[point.class]}`
      : `in a box of ${[...new Set(around.map((box) => classes[box.class]))].join(" and ")}`;
  return [`click ${index + 1} (${classes[point.class]}) lies ${place}; the click counts`];
}

/** A superpixel may leak over the edge of a box; its class, if it has boxes, does not. */
function withinBoxes(label: Uint8Array, boxes: readonly Box[], { width }: ImageSize, ignore: number): Uint8Array {
  const boxed = new Set(boxes.map((box) => box.class));
  return label.map((value, i) => {
    if (!boxed.has(value)) return value;
    const [x, y] = [i % width, Math.floor(i / width)];
    return boxes.some((box) => box.class === value && containsPixel(box, x, y)) ? value : ignore;
  });
}
