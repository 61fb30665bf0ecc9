/**
 * The quick label that appears while the full one is computed: a small graph, few training steps, and of a large photograph
 * a reduced one, whose label is brought back pixel by pixel.
 */

import type { ImageSize } from "../data/dataset";
import type { RgbImage } from "../data/image";
import type { LabelMap } from "../data/label-png";
import type { EarlierResult, LabelPhotographOptions } from "../label-photograph/label-photograph";
import { reducedImage, reducedLabel, sideWithin } from "../label-photograph/reduced-input";
import { canResume } from "../label-photograph/resume-parameters";
import type { Shapes } from "./protocol";
import { drawnPixels } from "./weak-labels-of-shapes";

/** Longest side in pixels of the photograph that the quick label's graph is built from. */
const SIDE = 192;
/** Pixels of the largest photograph that is labelled at its own size. */
const PIXELS = 200_000;
/** Two attention layers reach across so small a graph as three do, in two thirds of the time. */
const NETWORK = { layers: 2 };
/** Training from the beginning: few steps, but large ones. */
const FRESH = { epochs: 10, crfEpochs: 4, learningRate: 0.02 };
/** Training where the quick label of the strokes before is resumed. */
const RESUMED = { epochs: 4, crfEpochs: 2, learningRate: 0.01 };
/** Of the dense CRF; it changes little after the first few. */
const ITERATIONS = { crfIterations: 3 };
/** GrabCut alone would take longer than all the rest. */
const SEEDS = { grabCut: false };

/** The photograph that the quick label is computed of. */
export function firstPassImage(image: RgbImage): RgbImage {
  return reducedImage(image, sideWithin(image, PIXELS));
}

/** The size of the quick label's graph, as an option. */
export function firstPassSize({ width, height }: ImageSize): Pick<LabelPhotographOptions, "graphSide"> {
  return Math.max(width, height) > SIDE ? { graphSide: SIDE } : {};
}

/** @param earlier the quick label of the strokes before, whose training is resumed unless a class is new */
export function firstPassOptions(
  image: ImageSize,
  earlier: EarlierResult | undefined,
  shapes: Shapes,
): LabelPhotographOptions {
  const usual = { ...firstPassSize(image), ...NETWORK, ...ITERATIONS, ...SEEDS };
  const drawn = [shapes.boxes, shapes.strokes, shapes.clicks, shapes.pins].flatMap((kind) =>
    kind.map((each) => each.class),
  );
  if (earlier === undefined || !canResume(earlier.learned, drawn)) return { ...usual, ...FRESH };
  return { ...usual, ...RESUMED, initial: earlier };
}

/** What was drawn on a photograph, on the reduced one. Pins become pixels of the picture. */
export function firstPassShapes(
  shapes: Shapes,
  picture: LabelMap | undefined,
  from: ImageSize,
  to: ImageSize,
  ignore: number,
): { readonly shapes: Shapes; readonly picture?: LabelMap } {
  if (from.width === to.width && from.height === to.height)
    return { shapes, ...(picture === undefined ? {} : { picture }) };
  const [across, down] = [to.width / from.width, to.height / from.height];
  const whole = picture !== undefined || shapes.pins.length > 0;
  const pixels = whole ? drawnPixels({ ...shapes, strokes: [] }, picture, from, ignore) : undefined;
  return {
    shapes: {
      boxes: shapes.boxes.map((box) => ({
        ...box,
        xmin: Math.floor(box.xmin * across),
        ymin: Math.floor(box.ymin * down),
        xmax: Math.floor(box.xmax * across),
        ymax: Math.floor(box.ymax * down),
      })),
      strokes: shapes.strokes.map((stroke) => ({
        ...stroke,
        points: stroke.points.map((value, i) => value * (i % 2 === 0 ? across : down)),
      })),
      clicks: shapes.clicks.map((click) => ({ ...click, x: click.x * across, y: click.y * down })),
      pins: [],
    },
    ...(pixels === undefined ? {} : { picture: reducedLabel(pixels, to, ignore) }),
  };
}

/** The reduced photograph's label at the photograph's own size. */
export function enlargedLabel(label: LabelMap, { width, height }: ImageSize): LabelMap {
  if (label.width === width && label.height === height) return label;
  const data = new Uint8Array(width * height);
  const columns = Int32Array.from({ length: width }, (_, x) => Math.floor((x * label.width) / width));
  for (let y = 0, at = 0; y < height; y++) {
    const row = label.width * Math.floor((y * label.height) / height);
    for (let x = 0; x < width; x++) data[at++] = label.data[row + columns[x]];
  }
  return { width, height, data };
}
