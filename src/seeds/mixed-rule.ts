/**
 * Seeds from several kinds of weak labels of one image (docs/method.md, section 1.3, "mixed"; the rule is ours). From
 * the surest down: clicked and scribbled pixels; the superpixels they spread to, but not beyond the boxes of a class
 * that has boxes; the box rule; the confident label. An image of a single kind gets exactly what that kind's own rule
 * gives.
 *
 * What boxes call background is background only if every class that is named has a box: who boxes the dog and clicks
 * the cat has not said where the cat ends.
 */

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
  const clicks = points.filter((point, index) => fitsBoxes(point, index, boxes, seed, notices));
  const named = new Set([...clicks.map((click) => click.class), ...(strokes ?? []), ...(seed.tags ?? [])]);

  const unknown = new Uint8Array(image.width * image.height).fill(ignore);
  const discs = drawPoints(clicks, image, ignore, rule.pointRadius).data;
  const drawn = agreement(strokes ?? unknown, discs, ignore);
  const stages: Stage[] = [{ rule: "clicks and strokes", label: drawn }];
  let label = drawn;
  if (rule.superpixels) {
    const touched = agreement(strokes ?? unknown, drawClicks(clicks, image, ignore), ignore);
    const reached = spread(seed.superpixels(), touched, ignore, rule.superpixelArea);
    label = fillUnknown(label, withinBoxes(reached, boxes, image, ignore), ignore);
    stages.push({ rule: "superpixels", label });
  }
  // Scribbles alone leave the rest unknown unless asked otherwise; clicks and boxes always ask the confident label.
  const asks = rule.camLabel && (clicks.length > 0 || boxes.length > 0 || rule.scribbleRest === "confident");
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

/** False for a click outside every box of its class; one inside a box of another class alone is reported. */
function fitsBoxes(point: Point, index: number, boxes: readonly Box[], seed: SeedImage, notices: string[]): boolean {
  const { image, classes } = seed;
  if (point.class === 0) return true;
  const pixel = pixelOf(point, image);
  const around = boxes.filter((box) => isInside(box, pixel.x, pixel.y));
  if (around.some((box) => box.class === point.class)) return true;
  const hasBox = boxes.some((box) => box.class === point.class);
  if (!hasBox && around.length === 0) return true;
  const place =
    around.length === 0
      ? `outside every box of ${classes[point.class]}`
      : `in a box of ${[...new Set(around.map((box) => classes[box.class]))].join(" and ")}`;
  notices.push(
    `click ${index + 1} (${classes[point.class]}) lies ${place}${hasBox ? " and is left out" : "; it counts, as its class has no box"}`,
  );
  return !hasBox;
}

/** Where only one of two labels is known, that one; where they name different classes, unknown. */
export function agreement(one: Uint8Array, other: Uint8Array, ignore: number): Uint8Array {
  return one.map((value, i) =>
    value === ignore ? other[i] : other[i] === ignore || other[i] === value ? value : ignore,
  );
}

/** A superpixel may leak over the edge of a box; its class, if it has boxes, does not. */
function withinBoxes(label: Uint8Array, boxes: readonly Box[], { width }: ImageSize, ignore: number): Uint8Array {
  const boxed = new Set(boxes.map((box) => box.class));
  return label.map((value, i) => {
    if (!boxed.has(value)) return value;
    const [x, y] = [i % width, Math.floor(i / width)];
    return boxes.some((box) => box.class === value && isInside(box, x, y)) ? value : ignore;
  });
}

function isInside(box: Box, x: number, y: number): boolean {
  return x >= box.xmin && x <= box.xmax && y >= box.ymin && y <= box.ymax;
}
