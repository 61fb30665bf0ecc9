/**
 * What `same-bytes.ts` runs: every step of the method on two images of data/mini, each kind of weak label, trainings of a
 * few steps at a tiny width. Options keep the spelling that all versions accept.
 */

/** One call of the command line. Paths are relative to the folder that it runs in, so that no file names a machine. */
export interface Run {
  readonly name: string;
  readonly command: readonly string[];
  /** Runs whose output this one reads. */
  readonly after?: readonly string[];
}

const images = ["--voc12-root", "data", "--infer-list", "few.txt"];
const quickly = ["--epochs", "6", "--hidden", "16"];
const out = (name: string): string => `out/${name}`;

const seeds = (name: string, supervision: string, ...options: string[]): Run => ({
  name: `seeds-${name}`,
  command: ["make-seeds", "--supervision", supervision, ...images, "--save-path", out(`seeds-${name}`), ...options],
});

const labels = (name: string, supervision: string, ...options: string[]): Run => ({
  name: `labels-${name}`,
  command: [
    ...["make-pseudo-labels", "--supervision", supervision, ...images, ...quickly],
    ...["--save-path", out(`labels-${name}`), "--out-prob", out(`labels-${name}-prob`), ...options],
  ],
});

const training = (name: string, step: string, ...options: string[]): Run => ({
  name,
  command: [
    ...[step, "--voc12-root", "data", "--train-list", "few.txt", "--weights", "none", "--width", "2"],
    ...["--batch-size", "2", "--epochs", "2", "--crop-size", "64", "--session-name", `out/${name}/net`, ...options],
  ],
});

const segmenter = (model: string, crop: string): Run =>
  training(
    `train-${model}`,
    ...["train-segmenter", "--model", model, "--label-dir", "data/SegmentationClass", "--crop-size", crop],
  );

const affinity = ["--features", "cnn", "--weights", "data/weights/affinity.safetensors"];
const maps = ["--cam-dir", "data/CAM"];
const fits = "out/fits";

export const RUNS: readonly Run[] = [
  {
    name: "demo",
    command: ["demo", "--data", "data", "--images", "1", "--features", "handcrafted", "--out", out("demo")],
  },
  seeds("image", "image", ...maps),
  seeds("point", "point"),
  seeds("scribble", "scribble", "--overlay", out("seeds-overlay")),
  seeds("box", "box"),
  seeds("mixed", "mixed", ...maps, "--out-xml", out("seeds-xml")),
  labels("box", "box", "--overlay", out("labels-overlay")),
  labels("box-plain", "box", "--dense-crf", "off", "--box-limit", "false", "--multi-point", "false"),
  labels("box-affinity", "box", ...affinity, "--seed-label-root", out("seeds-box")),
  labels("scribble", "scribble", "--fits", fits, "--consistency-threshold", "0.5"),
  {
    ...labels("scribble-fits", "scribble", "--fits", fits, "--consistency-threshold", "0.5", "--dense-crf", "off"),
    after: ["labels-scribble"],
  },
  labels("scribble-affinity", "scribble", ...affinity, "--radius", "4", "--logit-resize", "crop"),
  labels("point", "point", ...maps),
  labels("point-affinity", "point", ...affinity, ...maps, "--dense-crf", "off"),
  labels("point-reduced", "point", "--rw", "false", "--graph-side", "96"),
  labels("image", "image", ...maps, "--seed-label-root", out("seeds-image")),
  { name: "evaluate", command: ["evaluate", "--pred", out("labels-box"), "--voc12-root", "data", "--list", "few.txt"] },
  { name: "report", command: ["report", "--pred", out("labels-box"), "--voc12-root", "data", "--list", "few.txt"] },
  {
    name: "ablate",
    command: [
      ...["ablate", "--voc12-root", "data", "--infer-list", "few.txt", "--images", "2", "--out", out("ablate")],
      ...["--grid", "grid.json", "--seeds", "0,1", "--processes", "1"],
    ],
  },
  training("train-seam", "train-seam", "--long-side", "64,96"),
  training(
    "train-classification",
    "train-seam",
    ...["--stage", "classification", "--norm", "batch"],
    "--momentum",
    "0.9",
  ),
  training("train-affinity", "train-affinity", "--label-dir", out("seeds-box")),
  training("train-affinity-plain", "train-affinity", "--label-dir", out("seeds-box"), "--stage", "plain"),
  segmenter("deeplab-v2-vgg16", "65"),
  segmenter("deeplab-v2-resnet101", "65"),
  segmenter("pspnet-resnet101", "65"),
  segmenter("tree-fcn-resnet101", "64"),
  {
    name: "infer-seam",
    command: [
      ...["infer-seam", ...images, "--weights", "data/weights/seam.safetensors", "--scales", "0.5,1"],
      ...["--out-cam", out("infer-cam"), "--crf", out("infer-sure"), "--ori-crf", out("infer-full")],
      ...["--out-crf", out("infer-crf"), "--out-cam-pred", out("infer-pred")],
    ],
  },
  ...["deeplab-v2-resnet101", "pspnet-resnet101"].map((model) => ({
    name: `segment-${model}`,
    command: [
      ...["segment", ...images, "--weights", `out/train-${model}/net.safetensors`, "--scales", "0.5,1"],
      ...["--save-path", out(`segment-${model}`), "--out-prob", out(`segment-${model}-prob`)],
    ],
  })),
];

/** Two rows of a grid of its own, so that a changed default grid changes nothing here. */
export const GRID = [
  { group: "size", name: "one layer", supervision: "scribble", labels: { epochs: 4, layers: 1, hidden: 16 } },
  { group: "size", name: "radius 2", supervision: "box", labels: { epochs: 4, radius: 2, hidden: 16 } },
];
