/** What `check` finds in a folder: plain values, which `--json` prints and the text and the contact sheet are made of. */

import type { Summary } from "../../running/step";

export interface CheckSummary extends Summary {
  readonly folder: string;
  readonly photographs: PhotographFacts;
  /** `dataset.json`, or `PASCAL VOC` where the folder has none. */
  readonly dataset: string;
  /** Of the data set, the background first. */
  readonly classNames: readonly string[];
  readonly formats: readonly FormatFacts[];
  /** Classes that the weak labels name, and names that are no class. */
  readonly classes: readonly ClassFacts[];
  /** Photographs with a true label. */
  readonly trueLabels: number;
  /** The file of image tags, and how many photographs have some. */
  readonly tags?: { readonly file: string; readonly photographs: number };
  /** Photographs that no weak label says anything of. */
  readonly unlabelled: readonly string[];
  /** What the steps leave out, or read otherwise than a user may think. */
  readonly leftOut: readonly string[];
  readonly estimates: readonly Estimate[];
  readonly contactSheet?: string;
}

/** All photographs together. */
export interface PhotographFacts {
  readonly folder: string;
  readonly count: number;
  /** Number of files by extension, lower case. */
  readonly kinds: Readonly<Record<string, number>>;
  readonly smallest?: Size;
  readonly largest?: Size;
  /** Of all, displayed. */
  readonly megapixels: number;
  /** Number of photographs that EXIF turns, by orientation (2 to 8). */
  readonly turned: Readonly<Record<string, number>>;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Weak labels of one format. */
export interface FormatFacts {
  /** The format and where it lies. */
  readonly name: string;
  readonly photographs: number;
  readonly boxes: number;
  readonly clicks: number;
  /** `null` where strokes are pixels of pictures, which are not counted. */
  readonly strokes: number | null;
}

/** One class name. */
export interface ClassFacts {
  readonly name: string;
  /** Whether the data set has a class of this name. */
  readonly isKnown: boolean;
  /** Classes of the data set that a name which is none may mean, the nearest first. */
  readonly near: readonly string[];
  readonly photographs: number;
  readonly boxes: number;
  readonly clicks: number;
  /** Photographs with strokes of the class. */
  readonly stroked: number;
  /** Photographs that are tagged with it. */
  readonly tagged: number;
}

/** How long a step would take on one core, and its peak of memory: roughly, from pixels and classes. */
export interface Estimate {
  readonly step: string;
  readonly coreSeconds: number;
  readonly bytes: number;
}
