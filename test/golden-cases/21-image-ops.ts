/** Case 21: the image operations, each found by the name of its tensor. */

import * as tf from "@tensorflow/tfjs";
import type { RgbImage } from "../../src/data/image";
import { resizeBicubic, scaledSize } from "../../src/image-ops/bicubic";
import { resizeBilinear, resizeBilinearArray } from "../../src/image-ops/bilinear";
import { adjustBrightness, adjustContrast, adjustHue, adjustSaturation } from "../../src/image-ops/colour-jitter";
import { resizeNearest } from "../../src/image-ops/nearest";
import { normaliseRgb } from "../../src/image-ops/normalise";
import { adaptiveAveragePool } from "../../src/image-ops/pooling";
import type { NdArray } from "../../src/nd-array";
import type { Computed, GoldenCase, GoldenHandler } from "../golden-case";
import { toArray, toNchw, toNhwc } from "../nchw";
import { unfoldWindow } from "../unfold-window";

const adjustments: Record<string, (image: RgbImage, factor: number) => RgbImage> = {
  brightness: adjustBrightness,
  contrast: adjustContrast,
  saturation: adjustSaturation,
  hue: adjustHue,
};

function run(golden: GoldenCase): Computed {
  const computed: Computed = {};
  tf.tidy(() => {
    for (const name of golden.names("output")) {
      const value = compute(golden, name);
      if (value !== undefined) computed[name] = value;
    }
  });
  return computed;
}

function compute(golden: GoldenCase, name: string): NdArray | undefined {
  const [kind, first, second] = name.split("_");
  if (kind === "pil") {
    const image = rgb(golden);
    const { width, height } = scaledSize(image, Number(second));
    return asArray(resizeBicubic(image, width, height));
  }
  if (kind === "jitter") return asArray(adjustments[first](rgb(golden), Number(second)));
  if (kind === "normalized") return { shape: golden.tensor("rgb").shape, data: normaliseRgb(rgb(golden).data) };
  if (kind === "cv2") return nearest(golden.floats("label"), second.split("x").map(Number));
  if (kind === "labelresize") return nearest(golden.floats("label448"), [Number(first), Number(first)]);
  if (kind === "bilinear") return bilinear(golden, first, second === "ac1");
  const a = toNhwc(golden.tensor("a"));
  if (kind.startsWith("avgpool")) {
    const block = Number(kind.slice("avgpool".length));
    return toNchw(tf.avgPool(a, block, block, "valid"));
  }
  if (kind === "adaptive") {
    const size = second === "avg" ? name.split("_")[2] : second;
    return toNchw(adaptiveAveragePool(a, size === "same" ? [a.shape[1], a.shape[2]] : pair(size)));
  }
  const x = toNhwc(golden.tensor("x"));
  if (kind === "elu") return toNchw(tf.elu(x));
  if (kind === "unfold") {
    const radius = Number(first.slice(1));
    const d = 2 * radius + 1;
    const windows = unfoldWindow(x, radius); // [b, h, w, d·d, c]
    const [b, h, w, , c] = windows.shape;
    return toArray(windows.transpose([0, 4, 3, 1, 2]).reshape([b, c, d, d, h, w]));
  }
  return undefined;
}

function rgb(golden: GoldenCase): RgbImage {
  const { shape, data } = golden.tensor("rgb");
  return { height: shape[0], width: shape[1], data: Uint8Array.from(data) };
}

function asArray({ width, height, data }: RgbImage): NdArray {
  return { shape: [height, width, 3], data };
}

function nearest({ shape, data }: NdArray<Float32Array>, [width, height]: number[]): NdArray {
  const resized = resizeNearest(data, { height: shape[0], width: shape[1], channels: 1 }, [height, width]);
  return { shape: [height, width], data: resized };
}

/** By tensors, and by plain arrays: the latter's result stands where they agree, so a difference fails the case. */
function bilinear(golden: GoldenCase, target: string, alignCorners: boolean): NdArray {
  const wanted = golden.tensor(`bilinear_${target}_ac${alignCorners ? 1 : 0}`).shape;
  const size = [wanted[2], wanted[3]] as const;
  const scaleFactor = target.startsWith("scale") ? Number(target.slice("scale".length)) : undefined;
  const source = toNhwc(golden.tensor(scaleFactor === undefined ? "x" : "a"));
  const options = { alignCorners, scaleFactor };
  const [b, height, width, channels] = source.shape;
  const byTensor = resizeBilinear(source, size, options);
  const plain = resizeBilinearArray(source.dataSync(), { height, width, channels }, size, options);
  const byArray = tf.tensor4d(plain, [b, ...size, channels]);
  const difference = byTensor.sub(byArray).abs().max().dataSync()[0];
  return toNchw(difference < 1e-5 ? byArray : byTensor.mul(Number.NaN));
}

function pair(text: string): [number, number] {
  const [height, width] = text.split("x").map(Number);
  return [height, width];
}

export const handlers: GoldenHandler[] = [{ prefixes: ["21_"], run }];
