/**
 * Seeds from boxes (docs/method.md, section 1.3, "box"; the rule is ours, in the spirit of SDI's GrabCut labels):
 * background outside all boxes; inside, what GrabCut and the confident label agree on. Where GrabCut finds next to
 * nothing or everything, the confident label decides, or else only the middle of the box is of its class. Of
 * overlapping boxes the smaller wins.
 */

import { boxSeed } from "../data/box-seed";
import type { ImageSize } from "../data/dataset";
import type { Box } from "../data/voc-boxes";
import { type GrabCutAnswer, type Rectangle, rectangleOf } from "./grabcut";
import { type SeedImage, type Seeds, type Stage, seedsOf } from "./seed-image";

export interface BoxRule {
  /** Whether GrabCut decides inside boxes; otherwise each box falls back. */
  readonly grabCut: boolean;
  /** A box with a smaller or larger share of GrabCut foreground falls back. Defaults 0.05 and 0.99. */
  readonly grabCutMin: number;
  readonly grabCutMax: number;
  /** Pixels on either side of GrabCut's outline that stay unknown. */
  readonly grabCutBand: number;
  /**
   * What GrabCut takes for background inside boxes: background, unknown, or `auto`: background where there is a confident
   * label that could object, else unknown. On photographs GrabCut loses parts of objects far more often than it adds to
   * them, and the graph network learns the background from outside the boxes anyway.
   */
  readonly grabCutBackground: "auto" | "background" | "unknown";
  /** Whether the confident label may object. */
  readonly camLabel: boolean;
  /** Share of a box's area in its middle that it falls back to. */
  readonly middleShare: number;
}

/** What one box says about its pixels: class, 0, or `ignore`, [height · width of its rectangle]; undefined: nothing. */
type Opinion = Uint8Array | undefined;

/** @param answers GrabCut's for each box, in order; not looked at without `grabCut` */
export function boxRule(
  seed: SeedImage,
  boxes: readonly Box[],
  answers: readonly GrabCutAnswer[],
  rule: BoxRule,
): Seeds {
  const { image, ignore } = seed;
  const confident = rule.camLabel ? seed.confident : undefined;
  const rectangles = boxes.map((box) => rectangleOf(box, image));
  const notices: string[] = [];
  const stages: Stage[] = [];
  const finish = (name: string, opinions: readonly Opinion[]): void => {
    stages.push({ rule: name, label: settle(opinions, rectangles, image, ignore) });
  };

  finish(
    "boxes",
    boxes.map(() => undefined),
  );
  const cuts = boxes.map((box, index): Opinion => {
    if (!rule.grabCut) return undefined;
    const cut = usableCut(answers[index], rectangles[index], image.width, rule);
    if (typeof cut !== "string") return withBand(cut, rectangles[index], box.class, rule.grabCutBand, ignore);
    notices.push(`box ${index + 1} (${seed.classes[box.class]}): ${cut}`);
    return undefined;
  });
  if (rule.grabCut) finish("GrabCut", cuts);
  const views = rectangles.map((at) => confident && crop(confident, at, image.width));
  const agreed = cuts.map((cut, index): Opinion => {
    const view = views[index];
    return cut === undefined || view === undefined ? cut : withObjections(cut, view, ignore);
  });
  if (rule.grabCut && confident !== undefined) finish("confident label", agreed);
  finish(
    "fallback",
    agreed.map((opinion, index) => opinion ?? fallback(boxes[index], rectangles[index], views[index], seed, rule)),
  );
  const doubted =
    rule.grabCutBackground === "unknown" || (rule.grabCutBackground === "auto" && confident === undefined);
  if (rule.grabCut && doubted) {
    const [{ label: outside }, { label: settled }] = [stages[0], stages[stages.length - 1]];
    const label = settled.map((value, i) => (value === 0 ? outside[i] : value));
    stages.push({ rule: "background in boxes unknown", label });
  }
  return seedsOf(seed, stages, notices);
}

// --- internal ---

/** The cut inside the box, or why it is not used. */
function usableCut(
  cut: GrabCutAnswer,
  at: Rectangle,
  width: number,
  { grabCutMin, grabCutMax }: BoxRule,
): Uint8Array | string {
  if ("failure" in cut) return cut.failure;
  const inside = crop(cut.foreground, at, width);
  const share = inside.reduce((sum, value) => sum + value, 0) / inside.length;
  if (share >= grabCutMin && share <= grabCutMax) return inside;
  return `GrabCut found ${(100 * share).toFixed(1)} % of it to be foreground`;
}

/** Foreground to the class, background to 0, pixels within `band` of the outline unknown. */
function withBand(
  cut: Uint8Array,
  { width, height }: Rectangle,
  label: number,
  band: number,
  ignore: number,
): Uint8Array {
  const result = cut.map((value) => (value === 1 ? label : 0));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const value = cut[y * width + x];
      for (let v = Math.max(0, y - band); v <= Math.min(height - 1, y + band); v++)
        for (let u = Math.max(0, x - band); u <= Math.min(width - 1, x + band); u++)
          if (cut[v * width + u] !== value) result[y * width + x] = ignore;
    }
  return result;
}

/** Unknown where the confident label knows better: another class, or background where GrabCut sees none, or the reverse. */
function withObjections(cut: Uint8Array, confident: Uint8Array, ignore: number): Uint8Array {
  return cut.map((value, i) => (confident[i] === ignore || confident[i] === value ? value : ignore));
}

/** The confident label's own view of the box, if it knows the class there; else the middle of the box. */
function fallback(
  box: Box,
  at: Rectangle,
  view: Uint8Array | undefined,
  { image, ignore }: SeedImage,
  { middleShare }: BoxRule,
): Uint8Array {
  if (view?.includes(box.class)) return view.map((value) => (value === box.class || value === 0 ? value : ignore));
  return crop(boxSeed([box], image, ignore, middleShare).data, at, image.width);
}

/** The smallest box that does not say background decides; where all say so, and outside all boxes, it is background. */
function settle(
  opinions: readonly Opinion[],
  rectangles: readonly Rectangle[],
  { width, height }: ImageSize,
  ignore: number,
): Uint8Array {
  const label = new Uint8Array(width * height);
  const area = (index: number): number => rectangles[index].width * rectangles[index].height;
  for (const index of [...rectangles.keys()].sort((a, b) => area(a) - area(b))) {
    const at = rectangles[index];
    const opinion = opinions[index];
    for (let y = 0; y < at.height; y++)
      for (let x = 0; x < at.width; x++) {
        const pixel = (at.y + y) * width + at.x + x;
        if (label[pixel] === 0) label[pixel] = opinion === undefined ? ignore : opinion[y * at.width + x];
      }
  }
  return label;
}

function crop(whole: Uint8Array, { x, y, width, height }: Rectangle, stride: number): Uint8Array {
  const part = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    const from = (y + row) * stride + x;
    part.set(whole.subarray(from, from + width), row * width);
  }
  return part;
}
