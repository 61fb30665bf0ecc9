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
import { type SeedRuleConfig, seedRuleOptions } from "./seed-rule";

export type SeedSupervision = "image" | "point" | "scribble" | "box" | "mixed";

export interface MakeSeedsConfig extends ImagesConfig, WeakLabelsConfig, SeedRuleConfig {
  readonly savePath: string;
  readonly overlay?: string;
  readonly outXml?: string;
  readonly gt?: string;
  readonly report?: string;
  readonly supervision?: SeedSupervision;
  readonly seamDir?: string;
  readonly camDir?: string;
  readonly tags?: string;
  readonly tagsForm: TagsForm;
  readonly pointRim: number;
  readonly scribbleRest: "unknown" | "confident";
  readonly camLabel: boolean;
  readonly tagsOnly: boolean;
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
const running = "Running";
const rules = seedRuleOptions(true);

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
  ...rules.regions,
  pointRim: { ...pointRimOption, group: regions },
  scribbleRest: {
    kind: "choice",
    affects: "fit",
    choices: ["unknown", "confident"],
    default: "unknown",
    group: regions,
    help: "label beyond the scribbles: unknown (for make-pseudo-labels), or the confident label (for train-affinity)",
  },
  ...rules.boxes,
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
