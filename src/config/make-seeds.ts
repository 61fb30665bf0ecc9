/**
 * Every option of `make-seeds` (docs/method.md, section 1.3). The reference published no code for this step: names
 * follow its other scripts, and each merging rule has its switch.
 */

import { UserError } from "../errors";
import {
  type ImagesConfig,
  imagesOptions,
  onlyOption,
  pointRimOption,
  remakeOption,
  shardOption,
  type TagsForm,
  tagsFormOption,
  tagsOption,
  type WeakLabelsConfig,
  weakLabelsOptions,
} from "./images";
import { completeConfig, type OptionTable } from "./option";

export type SeedSupervision = "image" | "point" | "scribble" | "box" | "mixed";

export interface MakeSeedsConfig extends ImagesConfig, WeakLabelsConfig {
  readonly savePath: string;
  readonly overlay?: string;
  readonly outXml?: string;
  readonly gt?: string;
  readonly report?: string;
  readonly supervision?: SeedSupervision;
  readonly labelme?: string;
  readonly coco?: string;
  readonly yolo?: string;
  readonly yoloClasses?: string;
  readonly cvat?: string;
  readonly labelStudio?: string;
  readonly seamDir?: string;
  readonly camDir?: string;
  readonly tags?: string;
  readonly tagsForm: TagsForm;
  readonly superpixels: boolean;
  readonly superpixelArea: number;
  readonly superpixelCompactness: number;
  readonly pointRadius: number;
  readonly pointRim: number;
  readonly scribbleWidth: number;
  readonly scribbleRest: "unknown" | "confident";
  readonly camLabel: boolean;
  readonly tagsOnly: boolean;
  readonly grabCut: boolean;
  readonly grabCutIterations: number;
  readonly grabCutMin: number;
  readonly grabCutMax: number;
  readonly grabCutBand: number;
  readonly grabCutBackground: "auto" | "background" | "unknown";
  readonly grabCutPixels: number;
  readonly middleShare: number;
  readonly threads: number;
}

/** A configuration in which nothing is left to infer. */
export interface ResolvedConfig extends MakeSeedsConfig {
  readonly supervision: SeedSupervision;
}

const data = "Data";
const labels = "Weak labels";
const maps = "Class activation maps";
const regions = "Clicks and scribbles";
const boxes = "Boxes";
const running = "Running";

export const makeSeedsOptions: OptionTable<MakeSeedsConfig> = {
  ...imagesOptions,
  savePath: {
    kind: "path",
    affects: "place",
    default: "./out/seeds",
    group: data,
    help: "folder for the seed labels (8-bit palette PNG, 255 unknown); existing labels are kept",
  },
  overlay: {
    kind: "path",
    affects: "place",
    group: data,
    help: "folder for pictures of the seeds drawn over the photograph",
  },
  outXml: {
    kind: "path",
    affects: "place",
    group: data,
    help: "folder for the boxes as VOC XML, which the next steps read, whatever their original format",
  },
  gt: {
    kind: "path",
    affects: "place",
    group: data,
    help: "folder of true labels, from which the seeds' precision is computed [default: SegmentationClass in the data folder]",
  },
  report: {
    kind: "path",
    affects: "place",
    group: data,
    help: "CSV file of coverage and precision per class after each rule [default: coverage.csv in the seeds' folder]",
  },
  supervision: {
    kind: "choice",
    affects: "fit",
    choices: ["image", "point", "scribble", "box", "mixed"],
    group: labels,
    help: "kind of weak label; mixed takes whatever each image has [default: the one kind whose option is given, else mixed]",
  },
  ...weakLabelsOptions,
  labelme: {
    kind: "path",
    affects: "fit",
    group: labels,
    help: "folder of labelme JSON, NAME.json: rectangles and polygons as boxes, lines as scribbles, points as clicks",
  },
  coco: { kind: "path", affects: "fit", group: labels, help: "COCO JSON whose boxes count" },
  yolo: { kind: "path", affects: "fit", group: labels, help: "folder of YOLO text, NAME.txt, whose boxes count" },
  yoloClasses: {
    kind: "path",
    affects: "fit",
    group: labels,
    help: "names of YOLO's class numbers: classes.txt, data.yaml, obj.names, notes.json [default: one of these beside or above the text files, else the data set's classes]",
  },
  cvat: {
    kind: "path",
    affects: "fit",
    group: labels,
    help: "CVAT XML for images: boxes, polygons, polylines, points",
  },
  labelStudio: {
    kind: "path",
    affects: "fit",
    group: labels,
    help: "Label Studio JSON: rectangles, ellipses, polygons, keypoints",
  },
  seamDir: {
    kind: "path",
    affects: "fit",
    group: maps,
    help: "folder of confident labels, NAME.png, as infer-seam --crf writes them; needed for image supervision",
  },
  camDir: {
    kind: "path",
    affects: "fit",
    group: maps,
    help: "instead of --seam-dir: folder of class activation maps, NAME.npy, from which confident labels are made",
  },
  tags: { ...tagsOption, group: maps },
  tagsForm: { ...tagsFormOption, group: maps },
  camLabel: {
    kind: "boolean",
    affects: "fit",
    default: true,
    group: maps,
    help: "let confident labels fill what clicks leave unknown, and object to GrabCut",
  },
  tagsOnly: {
    kind: "boolean",
    affects: "fit",
    default: true,
    group: maps,
    help: "restrict confident labels to the image's tags",
  },
  superpixels: {
    kind: "boolean",
    affects: "fit",
    default: true,
    group: regions,
    help: "spread clicks and scribbles over the superpixels that a single class touches",
  },
  superpixelArea: {
    kind: "integer",
    affects: "fit",
    default: 200,
    min: 4,
    unit: "pixels",
    group: regions,
    help: "number of pixels per superpixel (SLIC)",
  },
  superpixelCompactness: {
    kind: "number",
    affects: "fit",
    default: 10,
    min: 1e-3,
    group: regions,
    help: "weight of position against colour",
  },
  pointRadius: {
    kind: "number",
    affects: "fit",
    default: 3,
    min: 0,
    unit: "pixels",
    group: regions,
    help: "radius of a click's disc",
  },
  pointRim: { ...pointRimOption, group: regions },
  scribbleWidth: {
    kind: "number",
    affects: "fit",
    default: 3,
    min: 1,
    unit: "pixels",
    group: regions,
    help: "width of drawn strokes",
  },
  scribbleRest: {
    kind: "choice",
    affects: "fit",
    choices: ["unknown", "confident"],
    default: "unknown",
    group: regions,
    help: "label beyond the scribbles: unknown (for make-pseudo-labels), or the confident label (for train-affinity)",
  },
  grabCut: {
    kind: "boolean",
    affects: "fit",
    default: true,
    group: boxes,
    help: "find the object in each box by GrabCut",
  },
  grabCutIterations: {
    kind: "integer",
    affects: "fit",
    default: 5,
    min: 1,
    max: 100,
    group: boxes,
    help: "rounds of GrabCut",
  },
  grabCutMin: {
    kind: "number",
    affects: "fit",
    default: 0.05,
    min: 0,
    max: 1,
    group: boxes,
    help: "a box of which GrabCut finds a smaller share to be foreground falls back to the confident label, or else to its middle",
  },
  grabCutMax: {
    kind: "number",
    affects: "fit",
    default: 0.99,
    min: 0,
    max: 1,
    group: boxes,
    help: "a box of which GrabCut finds a larger share to be foreground falls back likewise",
  },
  grabCutBand: {
    kind: "integer",
    affects: "fit",
    default: 0,
    min: 0,
    max: 64,
    unit: "pixels",
    group: boxes,
    help: "pixels within this distance of GrabCut's outline stay unknown",
  },
  grabCutBackground: {
    kind: "choice",
    affects: "fit",
    choices: ["auto", "background", "unknown"],
    default: "auto",
    group: boxes,
    help: "label of what GrabCut takes for background inside boxes; auto: background if a confident label can object, else unknown",
  },
  grabCutPixels: {
    kind: "integer",
    affects: "fit",
    default: 1_000_000,
    min: 1000,
    unit: "pixels",
    group: boxes,
    help: "reduce larger images to this many pixels for GrabCut, whose time and memory grow with the image",
  },
  middleShare: {
    kind: "number",
    affects: "fit",
    default: 0.2,
    min: 0.01,
    max: 1,
    group: boxes,
    help: "share of its area, in the middle, to which a box falls back",
  },
  threads: {
    kind: "integer",
    affects: "speed",
    default: 2,
    min: 1,
    max: 64,
    group: running,
    help: "worker threads for GrabCut and dense CRF",
  },
  remake: remakeOption,
  only: onlyOption,
  shard: shardOption,
};

/** Checks the given options against each other and settles the kind of supervision. @throws UserError "usage" */
export function resolveConfig(given: Partial<MakeSeedsConfig>): { config: ResolvedConfig; notices: string[] } {
  const complete = completeConfig(given, makeSeedsOptions);
  const notices: string[] = [];
  const supervision = complete.supervision ?? inferSupervision(given);
  if (complete.supervision === undefined) notices.push(`supervision: ${supervision}`);
  const hasMaps = complete.seamDir !== undefined || complete.camDir !== undefined;
  if (supervision === "image" && !hasMaps)
    throw new UserError("usage", "image supervision needs --seam-dir or --cam-dir: tags alone label no pixel");
  if (complete.seamDir !== undefined && complete.camDir !== undefined)
    notices.push("--cam-dir is not used: --seam-dir has the confident labels");
  if (complete.scribbleRest === "confident" && !hasMaps)
    throw new UserError("usage", "--scribble-rest confident needs --seam-dir or --cam-dir");
  if (complete.yoloClasses !== undefined && complete.yolo === undefined)
    notices.push("--yolo-classes is not used without --yolo");
  return { config: { ...complete, supervision }, notices };
}

/** The one kind that the options given speak of; several, or none, are mixed. */
function inferSupervision(given: Partial<MakeSeedsConfig>): SeedSupervision {
  const kinds: SeedSupervision[] = [];
  if (given.boxXmlPath !== undefined || given.coco !== undefined || given.yolo !== undefined) kinds.push("box");
  if (given.points !== undefined) kinds.push("point");
  if (given.scribbles !== undefined) kinds.push("scribble");
  if ([given.labelme, given.cvat, given.labelStudio].some((place) => place !== undefined)) return "mixed";
  return kinds.length === 1 ? kinds[0] : "mixed";
}
