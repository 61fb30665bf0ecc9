/**
 * The objects that a Mask R-CNN learns from: COCO's JSON, or a folder of object numbers beside one of classes, as
 * `make-pseudo-labels --instances` writes both. Crowds, and what has neither extent nor pixels, are no objects to learn from.
 */

import fs from "node:fs/promises";
import path from "node:path";
import { type DatasetDescription, foregroundIndex, type ImageSize } from "../../data/dataset";
import { inDisplayedFrame } from "../../data/fitted-label";
import { readLabel } from "../../data/label-png";
import { displayedPoint, displayedRaster, frameOfAnnotation, storedSize } from "../../data/orientation";
import { expected } from "../../errors";
import { cocoMask } from "../../instances/coco-segmentation";
import { type CocoAnnotation, type CocoTruth, imageName, readCocoTruth } from "../../instances/coco-truth";
import { type CocoBox, decodeMask, encodeMask, maskArea, maskBox } from "../../instances/rle";
import type { InstanceMask } from "../../mask-rcnn/box-mask";

/** Plain data: workers get it. */
export interface InstanceFiles {
  /** COCO's JSON; or else `objectDir` and `labelDir`. */
  readonly instances?: string;
  readonly objectDir?: string;
  readonly labelDir: string;
  readonly dataset: DatasetDescription;
}

/** An object in pixels of the photograph. */
export interface TrueInstance {
  readonly class: number;
  readonly box: CocoBox;
  readonly mask: InstanceMask;
}

export interface ImageInstances {
  readonly instances: readonly TrueInstance[];
  /** Objects without extent or pixels, left out. */
  readonly empty: number;
}

/** @param size the photograph's, as it is displayed @throws UserError "input" naming what cannot be used */
export async function readInstances(id: string, size: ImageSize, files: InstanceFiles): Promise<ImageInstances> {
  const all =
    files.instances === undefined
      ? await ofObjectMap(id, size, files)
      : ofCoco(await cocoOf(files.instances, files.dataset), id, size);
  const instances = all.flatMap((each) => (each === undefined ? [] : [each]));
  return { instances, empty: all.length - instances.length };
}

/**
 * Whether images have objects, as far as their annotations tell without drawing masks. An image whose own files cannot be read
 * counts as one with objects: the training names it when it comes to it.
 */
export async function objectsKnown(files: InstanceFiles): Promise<(id: string) => Promise<boolean>> {
  const { instances, objectDir = "", dataset } = files;
  if (instances !== undefined) {
    const { byImage } = await cocoOf(instances, files.dataset);
    return async (id) => (byImage.get(id)?.annotations.length ?? 0) > 0;
  }
  return async (id) => {
    const objects = await readLabel(path.join(objectDir, `${id}.png`)).catch(() => undefined);
    return objects?.data.some((value) => value !== 0 && value !== dataset.ignore) ?? true;
  };
}

// --- internal ---

interface CocoIndex {
  readonly file: string;
  readonly byImage: ReadonlyMap<string, { readonly size: ImageSize; readonly annotations: readonly CocoAnnotation[] }>;
  /** Class index by category. */
  readonly classes: ReadonlyMap<unknown, number>;
}

/** A worker is asked for many images of one file, which is read once, and again when it has changed. */
const known = new Map<string, { readonly state: string; readonly index: Promise<CocoIndex> }>();

async function cocoOf(file: string, dataset: DatasetDescription): Promise<CocoIndex> {
  const { mtimeMs, size } = (await fs.stat(file).catch(() => undefined)) ?? { mtimeMs: 0, size: 0 }; // reading it will tell
  const state = JSON.stringify([mtimeMs, size, dataset]);
  const before = known.get(file);
  if (before?.state === state) return before.index;
  const index = readCocoTruth(file).then((truth) => indexOf(truth, dataset));
  known.set(file, { state, index });
  index.catch(() => known.delete(file));
  return index;
}

function indexOf({ file, images, categories, annotations }: CocoTruth, dataset: DatasetDescription): CocoIndex {
  const used = new Set(annotations.map(({ categoryId }) => categoryId));
  const classes = new Map<unknown, number>();
  for (const { id, name } of categories)
    if (used.has(id)) classes.set(id, foregroundIndex(dataset, name, `category ${id} in ${file}`));
  const byId = new Map(images.map((image) => [image.id, { size: image, annotations: [] as CocoAnnotation[] }]));
  for (const annotation of annotations)
    if (!annotation.isCrowd) byId.get(annotation.imageId)?.annotations.push(annotation);
  return {
    file,
    classes,
    byImage: new Map(
      images.map((image) => [
        imageName(image),
        byId.get(image.id) as { size: ImageSize; annotations: CocoAnnotation[] },
      ]),
    ),
  };
}

/** Undefined for each object without extent or pixels. */
function ofCoco({ file, byImage, classes }: CocoIndex, id: string, size: ImageSize): (TrueInstance | undefined)[] {
  const image = byImage.get(id);
  if (image === undefined) return [];
  const frame = frameOfAnnotation(image.size, size, "objects for", `image "${id}" in ${file}`);
  const drawn = frame === "stored" ? storedSize(size) : { width: size.width, height: size.height };
  return image.annotations.map(({ id: annotation, categoryId, box, segmentation }) => {
    const where = `annotation ${annotation} in ${file}`;
    if (segmentation === undefined) throw expected("input", 'a "segmentation"', "a box alone", where);
    const mask = cocoMask(segmentation, drawn, where);
    const bounds = box ?? maskBox(mask);
    if (bounds[2] <= 0 || bounds[3] <= 0 || maskArea(mask) === 0) return undefined;
    const pixels = frame === "stored" ? displayedRaster(decodeMask(mask), size) : decodeMask(mask);
    return {
      class: classes.get(categoryId) as number,
      box: frame === "stored" ? turnedBox(bounds, size) : bounds,
      mask: cutOut((pixel) => pixels[pixel] === 1, maskBox(encodeMask(pixels, size)), size),
    };
  });
}

function turnedBox([x, y, width, height]: CocoBox, size: ImageSize): CocoBox {
  const [x0, y0] = displayedPoint(x, y, size);
  const [x1, y1] = displayedPoint(x + width, y + height, size);
  return [Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0)];
}

async function ofObjectMap(
  id: string,
  size: ImageSize,
  { objectDir = "", labelDir, dataset: { classes, ignore } }: InstanceFiles,
): Promise<TrueInstance[]> {
  const [objects, label] = await Promise.all(
    [objectDir, labelDir].map(async (folder) => {
      const file = path.join(folder, `${id}.png`);
      return inDisplayedFrame(await readLabel(file), size, file);
    }),
  );
  const numbers = [...new Set(objects.data)].filter((value) => value !== 0 && value !== ignore).sort((a, b) => a - b);
  return numbers.map((number) => {
    const [box, own] = boundsAndClass(objects.data, label.data, number, size, classes.length);
    if (own === 0)
      throw expected("input", "a class under every object", "none", `object ${number} in ${path.join(objectDir, `${id}.png`)}`); // biome-ignore format: one error
    return { class: own, box, mask: cutOut((pixel) => objects.data[pixel] === number, box, size) };
  });
}

/** The most frequent class under the object; 0 where there is none. */
function boundsAndClass(
  objects: Uint8Array,
  label: Uint8Array,
  number: number,
  { width, height }: ImageSize,
  classes: number,
): [CocoBox, number] {
  let [left, top, right, bottom] = [width, height, 0, 0];
  const counts = new Uint32Array(classes);
  for (let y = 0, pixel = 0; y < height; y++)
    for (let x = 0; x < width; x++, pixel++) {
      if (objects[pixel] !== number) continue;
      left = Math.min(left, x);
      right = Math.max(right, x + 1);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y + 1);
      if (label[pixel] < classes) counts[label[pixel]]++;
    }
  counts[0] = 0;
  return [[left, top, right - left, bottom - top], counts.indexOf(Math.max(...counts))];
}

function cutOut(inside: (pixel: number) => boolean, [x, y, width, height]: CocoBox, size: ImageSize): InstanceMask {
  const data = new Uint8Array(width * height);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      if (inside((y + row) * size.width + x + column)) data[row * width + column] = 1;
  return { top: y, left: x, width, height, data };
}
