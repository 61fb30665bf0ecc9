/** Case 20: crop, mirror and label of one training sample, with the draws that the case gives. */

import path from "node:path";
import { readLabel } from "../../src/data/label-png";
import { randomPlacement } from "../../src/image-ops/random-crop";
import { affinityCrop } from "../../src/training/affinity/affinity-sample";
import type { Computed, GoldenCase, GoldenHandler } from "../golden-case";

/** The goldens keep every fourth row and column of the image. */
const KEPT = 4;

async function run(golden: GoldenCase): Promise<Computed> {
  const id = golden.attr<string>("image");
  const { shape, data } = golden.file(path.join("dataset", "RGB_npy", `${id}.npy`));
  const rgb = { height: shape[0], width: shape[1], data: Uint8Array.from(data) };
  const label = await readLabel(path.join(golden.root, "dataset", "SeedLabel", `${id}.png`));
  const draws = [...golden.attr<number[]>("randrange_draws")];
  const size = golden.attr<number>("crop_size");
  const placement = randomPlacement(rgb, size, (below) => (draws.shift() ?? 0) % below);
  const mirrored = golden.attr<number>("flip") === 1;
  const crop = affinityCrop(rgb, label, placement, mirrored, { ignore: 255, fill: 255 });

  const side = size / KEPT;
  const image = Float32Array.from({ length: 3 * side * side }, (_, i) => {
    const [channel, y, x] = [Math.floor(i / side / side), Math.floor(i / side) % side, i % side];
    return crop.image[(y * KEPT * size + x * KEPT) * 3 + channel];
  });
  return { image, label: crop.label, croppings: crop.inside };
}

export const handlers: GoldenHandler[] = [{ prefixes: ["20_"], run }];
