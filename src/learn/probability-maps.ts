/**
 * What the graph network thinks of a photograph, before the dense CRF, kept as pictures that one can look at: a grey PNG
 * for each foreground class that the weak label names, 255 = certain; the background is the rest.
 */

import fs from "node:fs/promises";
import path from "node:path";
import type { Colour, ImageSize } from "../data/dataset";
import { readLabel, writeLabel } from "../data/label-png";
import { expected } from "../errors";

/** Class probabilities of every pixel, for some of the data set's classes. */
export interface ClassProbabilities {
  readonly width: number;
  readonly height: number;
  /** [H·W, K] */
  readonly probabilities: Float32Array;
  /** The data set's class of each column, ascending; background first. */
  readonly classes: readonly number[];
}

const GREYS: readonly Colour[] = Array.from({ length: 256 }, (_, i) => [i, i, i]);

/** Writes NAME/CLASS.png. */
export async function writeMaps(folder: string, id: string, maps: ClassProbabilities): Promise<void> {
  const { width, height, probabilities, classes } = maps;
  await fs.mkdir(path.join(folder, id), { recursive: true });
  for (const [column, label] of classes.entries()) {
    if (label === 0) continue;
    const data = Uint8Array.from({ length: width * height }, (_, i) =>
      Math.round(255 * probabilities[i * classes.length + column]),
    );
    await writeLabel(path.join(folder, id, `${label}.png`), { width, height, data }, GREYS);
  }
}

/** Undefined where there are none. @throws UserError "input" for maps of another size */
export async function readMaps(folder: string, id: string, size: ImageSize): Promise<ClassProbabilities | undefined> {
  const at = path.join(folder, id);
  const names = await fs.readdir(at).catch(() => undefined);
  if (names === undefined) return undefined;
  const labels = names.flatMap((name) => (/^\d+\.png$/.test(name) ? [Number.parseInt(name, 10)] : []));
  const classes = [0, ...labels.sort((a, b) => a - b)];
  const maps = await Promise.all(classes.slice(1).map((label) => readLabel(path.join(at, `${label}.png`))));
  const { width, height } = size;
  const other = maps.find((map) => map.width !== width || map.height !== height);
  if (other !== undefined) throw expected("input", `${width}×${height} pixels`, `${other.width}×${other.height}`, at);
  const probabilities = new Float32Array(width * height * classes.length);
  for (let i = 0; i < width * height; i++) {
    let rest = 1;
    for (const [j, { data }] of maps.entries()) {
      const value = data[i] / 255;
      probabilities[i * classes.length + j + 1] = value;
      rest -= value;
    }
    probabilities[i * classes.length] = Math.max(0, rest);
  }
  return { width, height, probabilities, classes };
}
