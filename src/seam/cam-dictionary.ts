/**
 * Class activation maps on disk: per image a pickled dictionary {class − 1: H×W float32} in `NAME.npy`, as infer_SEAM.py
 * saves it and many others do.
 */

import { readBounded } from "../data/bounded-file";
import type { DatasetDescription, ImageSize } from "../data/dataset";
import { displayedRaster, frameOf } from "../data/orientation";
import { expected } from "../errors";
import type { NdArray } from "../nd-array";
import { encodeNpyDictionary, readNpyDictionary } from "../weights/npy-dictionary";
import type { ImageCams } from "./cam-scores";

const MAX_BYTES = 1 << 30;
/** Maps reach 1, but for rounding; ones of 0 to 255 would drown the background score. */
const MOST_ACTIVE = 1.01;

/**
 * Reads the maps of one image.
 * @throws UserError "input" for keys that are no class of the data set, maps of another size than the image, values that
 * are not finite or no activations
 */
export async function readCams(file: string, dataset: DatasetDescription, size: ImageSize): Promise<ImageCams> {
  return decodeCams(await readBounded(file, MAX_BYTES, "class activation maps"), dataset, size, file);
}

/** The same from bytes. */
export function decodeCams(bytes: Uint8Array, dataset: DatasetDescription, size: ImageSize, where: string): ImageCams {
  const { width, height } = size;
  const entries = [...readNpyDictionary(bytes, where)].map(([key, { shape, data }]): [number, Float32Array] => {
    const count = dataset.classes.length - 1;
    if (typeof key !== "number" || !Number.isInteger(key) || key < 0 || key >= count)
      throw expected("input", `keys from 0 to ${count - 1}, one per foreground class`, JSON.stringify(key), where);
    const label = `class ${key} in ${where}`;
    if (shape.length !== 2) throw expected("input", `a map of [${height}, ${width}]`, `[${shape.join(", ")}]`, label);
    const frame = frameOf({ width: shape[1], height: shape[0] }, size, "a map of", label);
    const map = data instanceof Float32Array ? data : Float32Array.from(data);
    if (!map.every(Number.isFinite)) throw expected("input", "finite numbers", "others", label);
    const most = map.reduce((a, b) => Math.max(a, b), 0);
    if (most > MOST_ACTIVE)
      throw expected(
        "input",
        "activations from 0 to 1",
        `up to ${most}: divide the maps by their largest value`,
        label,
      );
    return [key + 1, frame === "stored" ? displayedRaster(map, size) : map];
  });
  return { width, height, maps: new Map(entries.sort(([a], [b]) => a - b)) };
}

/** The bytes of `NAME.npy`. */
export function encodeCams({ width, height, maps }: ImageCams): Uint8Array {
  const entries = [...maps].map(([label, data]): [number, NdArray] => [label - 1, { shape: [height, width], data }]);
  return encodeNpyDictionary(new Map<string | number, NdArray>(entries));
}
