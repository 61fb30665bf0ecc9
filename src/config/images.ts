/** Options of the steps that go through a list of images with weak labels: they mean the same everywhere. */

import type { Option, OptionTable } from "./option";

/** Where a step's images are, and which of them are its own. */
export interface ImagesConfig {
  readonly voc12Root: string;
  readonly inferList: string;
  readonly frame: "displayed" | "stored";
  readonly remake?: readonly string[];
  readonly only?: readonly string[];
  readonly shard: string;
}

export const imagesOptions: OptionTable<Omit<ImagesConfig, "shard" | "remake" | "only">> = {
  voc12Root: {
    kind: "path",
    affects: "fit",
    required: true,
    aliases: ["root"],
    group: "Data",
    help: "folder of photographs with their annotations beside them, or in VOC layout: JPEGImages/, Annotations/, Scribbles/, points.json; maybe dataset.json",
  },
  inferList: {
    kind: "text",
    affects: "place",
    default: "train_aug.txt",
    group: "Data",
    help: "image list: a path, or a name in ImageSets/Segmentation; without the option, in a folder without lists: every image",
  },
  frame: {
    kind: "choice",
    affects: "label",
    choices: ["displayed", "stored"],
    default: "displayed",
    group: "Data",
    help: "frame of what is written for photographs with EXIF orientation; stored: for tools that ignore EXIF",
  },
};

export const remakeOption: Option<readonly string[] | undefined> = {
  kind: "texts",
  affects: "place",
  group: "Running",
  help: "images to make again although their results exist, or all; the old files move to .old/ in their folder",
};

export const shardOption: Option<string> = {
  kind: "text",
  affects: "place",
  default: "launched",
  group: "Running",
  help: "launched: under mpiexec or srun each process takes its part, alone it takes all; i/n: every n-th image; auto: from a Slurm or AWS Batch array, auto/n: Kubernetes",
};

export const onlyOption: Option<readonly string[] | undefined> = {
  kind: "texts",
  affects: "place",
  group: "Running",
  help: "images to work on, by name, e.g. img1,img7; the others of the list are left as they are",
};

/** The frame that annotations are in: told by their size where that is possible, else as tools display photographs. */
export type AnnotationFrame = "auto" | "displayed" | "stored";

export const annotationFrameOption: Option<AnnotationFrame> = {
  kind: "choice",
  affects: "fit",
  choices: ["auto", "displayed", "stored"],
  default: "auto",
  group: "Data",
  help: "frame of annotations and masks of photographs with EXIF orientation; auto: what their size shows, else displayed; stored: from tools that ignore EXIF",
};

/** Where the weak labels are that a person made. */
export interface WeakLabelsConfig {
  readonly boxXmlPath?: string;
  readonly points?: string;
  readonly scribbles?: string;
  readonly labelme?: string;
  readonly coco?: string;
  readonly yolo?: string;
  readonly yoloClasses?: string;
  readonly cvat?: string;
  readonly labelStudio?: string;
  readonly annotationFrame: AnnotationFrame;
}

export const weakLabelsOptions: OptionTable<WeakLabelsConfig> = {
  boxXmlPath: {
    kind: "path",
    affects: "fit",
    aliases: ["BoxXmlpath"],
    group: "Weak labels",
    help: "folder of VOC XML files [default where boxes count: Annotations in the data folder]",
  },
  points: {
    kind: "path",
    affects: "fit",
    group: "Weak labels",
    help: "What's-the-Point JSON of clicks [default: points.json in the data folder]",
  },
  scribbles: {
    kind: "path",
    affects: "fit",
    aliases: ["scribble-dir"],
    group: "Weak labels",
    help: "folder of scribbles (XML, polylines, PNG) [default: Scribbles in the data folder]",
  },
  labelme: {
    kind: "path",
    affects: "fit",
    group: "Weak labels",
    help: "folder of labelme JSON, NAME.json: rectangles and polygons as boxes, lines as scribbles, points as clicks",
  },
  coco: { kind: "path", affects: "fit", group: "Weak labels", help: "COCO JSON whose boxes count" },
  yolo: {
    kind: "path",
    affects: "fit",
    group: "Weak labels",
    help: "folder of YOLO text, NAME.txt, whose boxes count",
  },
  yoloClasses: {
    kind: "path",
    affects: "fit",
    group: "Weak labels",
    help: "names of YOLO's class numbers: classes.txt, data.yaml, obj.names, notes.json [default: one of these beside or above the text files, else the data set's classes]",
  },
  cvat: {
    kind: "path",
    affects: "fit",
    group: "Weak labels",
    help: "CVAT XML for images: boxes, polygons, polylines, points",
  },
  labelStudio: {
    kind: "path",
    affects: "fit",
    group: "Weak labels",
    help: "Label Studio JSON: rectangles, ellipses, polygons, keypoints",
  },
  annotationFrame: annotationFrameOption,
};

export const pointRimOption: Option<number> = {
  kind: "integer",
  affects: "fit",
  default: 8,
  min: 0,
  max: 1000,
  unit: "pixels",
  group: "Weak labels",
  help: "where clicks are the only label and none is on the background, a rim of the image this wide is background; 0: none",
};

/** How numbers in a JSON of tags are meant: one per foreground class, or places in the class list from 0. */
export type TagsForm = "auto" | "vector" | "indices";

export const tagsFormOption: Option<TagsForm> = {
  kind: "choice",
  affects: "fit",
  choices: ["auto", "vector", "indices"],
  default: "auto",
  group: "Data",
  help: "numbers in a JSON of tags: one per foreground class (vector), or places in the class list from 0 (indices); auto: what the whole file fits",
};

export const tagsOption: Option<string | undefined> = {
  kind: "path",
  affects: "fit",
  aliases: ["cls-labels"],
  group: "Data",
  help: "image tags: cls_labels.npy, or JSON of the same [default: cls_labels.npy or .json in the data folder, else the XML's object names]",
};

/** The same in every step; where something else is to be said of it, the table overrides its help. */
export const seedOption: Option<number> = {
  kind: "integer",
  affects: "fit",
  default: 0,
  min: 0,
  max: 4294967295,
  group: "Running",
  help: "seed of all random numbers",
};
