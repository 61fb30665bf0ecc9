/**
 * What the page of `annotate` and its server say to each other, as plain JSON. Both sides import these types, and neither
 * knows anything else of the other. Photographs go by opaque ids: no path ever comes from the page.
 */

/** Sides in pixels, both ends included, as VOC writes them. */
export interface ShapeBox {
  readonly class: number;
  readonly xmin: number;
  readonly ymin: number;
  readonly xmax: number;
  readonly ymax: number;
}

/** A polyline: x, y, x, y, … in pixels; class 0 is the background. */
export interface ShapeStroke {
  readonly class: number;
  readonly points: readonly number[];
}

export interface ShapeClick {
  readonly class: number;
  readonly x: number;
  readonly y: number;
}

/** Pixels that a person called right: start and length of each run, row-major, ascending. */
export interface PinnedRegion {
  readonly class: number;
  readonly runs: readonly number[];
}

/** Everything that a person drew on one photograph. */
export interface Shapes {
  readonly boxes: readonly ShapeBox[];
  readonly strokes: readonly ShapeStroke[];
  readonly clicks: readonly ShapeClick[];
  readonly pins: readonly PinnedRegion[];
}

/** none: nothing drawn; weak: drawn, no label; label: a label, maybe older than what is drawn; checked: a person said it is right. */
export type PhotographState = "none" | "weak" | "label" | "checked";

export interface PhotographEntry {
  readonly id: string;
  /** As the file system has it: anything at all, so it is shown as text only. */
  readonly name: string;
  readonly state: PhotographState;
  /** Mean probability, 0 to 1, that the label's pixels do not have; absent where the label was not made here. */
  readonly doubt?: number;
}

export interface ClassEntry {
  readonly name: string;
  readonly colour: readonly [red: number, green: number, blue: number];
}

export interface FolderDocument {
  /** The folder's own name, without the path to it. */
  readonly name: string;
  readonly classes: readonly ClassEntry[];
  /** Changes with `dataset.json`. */
  readonly classesRevision: string;
  readonly ignore: number;
  readonly photographs: readonly PhotographEntry[];
  readonly batch: BatchProgress | null;
  readonly learn: LearnProgress | null;
  readonly notices: readonly string[];
}

export interface PhotographDocument {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** Changes with every file that the shapes are read from. */
  readonly revision: string;
  readonly shapes: Shapes;
  /** Whether there are strokes as a picture, without polylines: shown by `scribbles`, erased as pixels. */
  readonly hasPicture: boolean;
  readonly label: LabelState | null;
  /** Files that could not be read, and so will not be written. */
  readonly problems: readonly string[];
}

export interface LabelState {
  /** Changes with the label's pixels. */
  readonly version: string;
  /** first: quick, about to be refined; final: what the command line would make; file: read from disk. */
  readonly stage: "first" | "final" | "file";
  /** Whether what is on screen is also in the file. */
  readonly saved: boolean;
  /** Whether the file holds a label that was made elsewhere, which is replaced only when asked for. */
  readonly foreign: boolean;
}

export interface SaveShapesRequest {
  /** The revision that the shapes were drawn on. */
  readonly base: string;
  readonly shapes: Shapes;
}

export interface SaveShapesAnswer {
  readonly revision: string;
  readonly state: PhotographState;
}

export interface SaveClassesRequest {
  readonly base: string;
  /** Same order as before; new ones at the end. */
  readonly classes: readonly ClassEntry[];
}

export interface BatchProgress {
  readonly done: number;
  readonly total: number;
  readonly failed: readonly { readonly name: string; readonly reason: string }[];
  readonly running: boolean;
}

export interface LearnProgress {
  readonly running: boolean;
  /** What it last said. */
  readonly line: string;
  readonly failed: boolean;
}

export type ExportFormat = "voc" | "coco-rle" | "coco-polygons" | "yolo" | "labelme" | "instances";

export interface ExportAnswer {
  /** Relative to the folder. */
  readonly folder: string;
  readonly files: number;
}

export interface ImportAnswer {
  readonly photographs: number;
  readonly shapes: number;
  readonly notices: readonly string[];
}

export interface ErrorAnswer {
  readonly error: string;
}

/** What the event stream carries. */
export type ServerEvent =
  | { readonly kind: "progress"; readonly id: string; readonly stage: "first" | "final"; readonly share: number }
  | { readonly kind: "label"; readonly id: string; readonly label: LabelState; readonly notices: readonly string[] }
  | { readonly kind: "failed"; readonly id: string; readonly reason: string }
  | { readonly kind: "idle"; readonly id: string }
  | { readonly kind: "shapes"; readonly id: string; readonly revision: string }
  | { readonly kind: "photograph"; readonly entry: PhotographEntry }
  | { readonly kind: "folder" }
  | { readonly kind: "batch"; readonly batch: BatchProgress }
  | { readonly kind: "learn"; readonly learn: LearnProgress };
