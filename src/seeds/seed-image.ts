/**
 * What every merging rule works on, and what it returns. Labels are [H·W]: class, or the ignore value where unknown.
 */

import type { RgbImage } from "../data/image";
import type { LabelMap } from "../data/label-png";
import type { Superpixels } from "./superpixels";

export interface SeedImage {
  readonly image: RgbImage;
  /** Names by class index. */
  readonly classes: readonly string[];
  /** Label value of unknown pixels. */
  readonly ignore: number;
  /** Confident label of the class activation maps (docs/method.md, section 1.2), where there is one. */
  readonly confident?: Uint8Array;
  /** Foreground classes that the image carries, where known. */
  readonly tags?: readonly number[];
  /** Made when first asked for. */
  superpixels(): Superpixels;
}

/** The label after a rule: coverage and precision are reported for each. */
export interface Stage {
  readonly rule: string;
  readonly label: Uint8Array;
}

export interface Seeds {
  readonly label: LabelMap;
  readonly stages: readonly Stage[];
  readonly notices: readonly string[];
}

/** The last stage is the seed label. */
export function seedsOf({ image }: SeedImage, stages: readonly Stage[], notices: readonly string[] = []): Seeds {
  const { label } = stages[stages.length - 1];
  return { label: { width: image.width, height: image.height, data: label }, stages, notices };
}

/** `label` with its unknown pixels taken from `rest`. */
export function fillUnknown(label: Uint8Array, rest: Uint8Array, ignore: number): Uint8Array {
  return label.map((value, i) => (value === ignore ? rest[i] : value));
}

/** The confident label without classes that the image does not carry. */
export function taggedOnly(confident: Uint8Array, tags: readonly number[] | undefined, ignore: number): Uint8Array {
  if (tags === undefined) return confident;
  const known = new Set([0, ...tags]);
  return confident.map((value) => (known.has(value) ? value : ignore));
}
