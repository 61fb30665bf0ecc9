import assert from "node:assert/strict";
import { test } from "node:test";
import { ignoredFlags, type MakePseudoLabelsConfig, makePseudoLabelsOptions } from "../src/config/make-pseudo-labels";
import { parseFlags } from "../src/config/option";
import { presets, type ResolvedConfig, resolveRun } from "../src/config/pseudo-label-presets";

/** With mixed supervision: the configuration of strokes. */
function resolveLine(line: string): { config: ResolvedConfig; notices: readonly string[] } {
  const words = line.split(" ").filter((word) => word !== "");
  const { given, notices } = parseFlags<MakePseudoLabelsConfig>(words, makePseudoLabelsOptions, ignoredFlags);
  const run = resolveRun(given);
  const { supervision } = run.config;
  const own = run.configOf(supervision === "mixed" ? "scribble" : supervision, given.camDir !== undefined);
  return { config: own.config, notices: [...notices, ...run.notices, ...own.notices] };
}

const figures = ({
  epochs,
  crfEpochs,
  learningRate,
  crfWeight,
  radius,
  seedPadding,
  multiPoint,
  rw,
}: ResolvedConfig): unknown[] => [
  `${epochs}+${crfEpochs}`,
  learningRate,
  crfWeight,
  radius,
  seedPadding,
  multiPoint,
  rw,
];

test("the reference's box command line", () => {
  const { config } = resolveLine(
    "--voc12_root /v/VOC2012 --BoxXmlpath /v/VOC2012/Annotations --weights ./netWeights/final_model/aff_box.pth" +
      " --save_path ./out/box_pred --seed_label_root ./data/Init_Label/SEAM_Box",
  );
  assert.deepEqual(figures(config), ["150+150", 0.035, 0.01, 4, "ignore", true, false]);
  assert.equal(config.supervision, "box");
  assert.equal(config.features, "cnn");
  assert.equal(config.voc12Root, "/v/VOC2012");
  assert.equal(config.boxXmlPath, "/v/VOC2012/Annotations");
  assert.equal(config.savePath, "./out/box_pred");
  assert.equal(config.seedLabelRoot, "./data/Init_Label/SEAM_Box");
  assert.equal(config.inferList, "train_aug.txt");
});

test("the reference's scribble command line: --rw False is no walk", () => {
  const { config } = resolveLine(
    "--rw False --voc12_root /v/VOC2012 --weights ./netWeights/final_model/aff_scribble.pth" +
      " --save_path ./out/scibble_pred --seed_label_root ./data/Init_Label/Scribble_SuperPixel",
  );
  assert.equal(config.supervision, "scribble");
  assert.deepEqual(figures(config), ["50+50", 0.03, 0.3, 3, "background", false, false]);
});

test("the reference's image and point command lines", () => {
  for (const [weights, out, label] of [
    ["aff_image.pth", "image_pred", "SEAM_Image"],
    ["aff_point.pth", "point_pred", "SEAM_Point"],
  ]) {
    const { config } = resolveLine(
      `--rw True --voc12_root /v/VOC2012 --weights ./netWeights/final_model/${weights} --save_path ./out/${out}` +
        ` --seed_label_root ./data/Init_Label/${label} --cam_dir /v/cam`,
    );
    assert.equal(config.supervision, "image");
    assert.deepEqual(figures(config), ["50+50", 0.03, 0.3, 3, "background", false, true]);
    assert.equal(config.camDir, "/v/cam");
    assert.deepEqual([config.alpha, config.beta, config.logt, config.rwWeight], [6, 8, 6, 3]);
  }
});

test("every other flag of both scripts is accepted", () => {
  const { config, notices } = resolveLine(
    "--voc12_root /v --network network.resnet38_aff_gated --infer_list voc12/train.txt --num_workers 8 --num_class 21" +
      " --epochs 10 --radius 5 --hidden 128 --dropout 0.4 --lr 0.02 --weight_decay 0.001 --alpha 4 --rw_weight 2" +
      " --logt 5 --beta 7",
  );
  assert.deepEqual(
    [
      config.inferList,
      config.epochs,
      config.radius,
      config.hidden,
      config.dropout,
      config.learningRate,
      config.weightDecay,
    ],
    ["voc12/train.txt", 10, 5, 128, 0.4, 0.02, 0.001],
  );
  assert.deepEqual([config.alpha, config.rwWeight, config.logt, config.beta], [4, 2, 5, 7]);
  for (const flag of ["network", "num_workers", "num_class"])
    assert.ok(
      notices.some((notice) => notice.startsWith(`--${flag} has no meaning here`)),
      flag,
    );
});

test("given values win over the preset, and the preset over the defaults", () => {
  const { config } = resolveLine("--root /v --supervision box --epochs 20 --crf-epochs 5 --no-multi-point");
  assert.deepEqual(figures(config), ["20+5", 0.01, 0.01, 4, "ignore", false, false]);
  assert.equal(resolveLine("--root /v --supervision box --weights w.pth").config.learningRate, 0.035);
  assert.equal(config.savePath, "./out/box_pred");
  assert.deepEqual(presets.scribble, {});
});

test("supervision is inferred as the command line implies it", () => {
  assert.equal(resolveLine("--root /v --BoxXmlpath x").config.supervision, "box");
  assert.equal(resolveLine("--root /v --rw true --cam-dir c --seed-label-root s").config.supervision, "image");
  assert.equal(resolveLine("--root /v --rw true --cam-dir c --points p.json").config.supervision, "point");
  assert.equal(resolveLine("--root /v --rw false").config.supervision, "scribble");
  assert.equal(resolveLine("--root /v --seed-label-root s").config.supervision, "scribble");
  for (const line of [
    "--root /v",
    "--root /v --coco c.json",
    "--root /v --BoxXmlpath x --scribbles s",
    "--root /v --points p",
  ])
    assert.match(resolveLine(line).notices.join("\n"), /supervision: mixed/, line);
});

test("with mixed supervision each kind has the configuration of a run of that kind", () => {
  const run = resolveRun({ voc12Root: "/v", supervision: "mixed", epochs: 7 });
  assert.equal(run.config.savePath, "./out/labels");
  for (const kind of ["box", "scribble", "point"] as const) {
    const { config } = resolveRun({ voc12Root: "/v", supervision: kind, epochs: 7, savePath: "./out/labels" });
    assert.deepEqual(run.configOf(kind, false).config, config, kind);
  }
  assert.equal(run.configOf("image", true).config.rw, true);
});

test("without CAMs: points lose the walk with a notice, image tags are an error", () => {
  const { config, notices } = resolveLine("--root /v --supervision point");
  assert.equal(config.rw, false);
  assert.match(notices.join("\n"), /random walk is off/);
  assert.throws(() => resolveLine("--root /v --supervision image --seed-label-root s"), /needs --cam-dir/);
  assert.equal(resolveLine("--root /v --supervision image --seed-label-root s --rw false").config.rw, false);
  assert.throws(() => resolveLine("--root /v --supervision image --cam-dir c"), /needs --seed-label-root/);
  assert.throws(() => resolveLine("--root /v --supervision scribble --rw true"), /needs --cam-dir/);
  assert.match(resolveLine("--root /v --cam-dir c --supervision scribble").notices.join("\n"), /--cam-dir is not used/);
});

test("features follow the weights", () => {
  assert.equal(resolveLine("--root /v --weights w.pth").config.features, "cnn");
  const { config, notices } = resolveLine("--root /v");
  assert.equal(config.features, "handcrafted");
  assert.match(notices.join("\n"), /handcrafted/);
  assert.throws(() => resolveLine("--root /v --features cnn"), /needs --weights/);
});

test("usage errors", () => {
  assert.throws(() => resolveLine("--supervision box"), /--voc12-root is required/);
  assert.throws(() => resolveLine("--root /v --supervision boxes"), /one of image, point, scribble, box/);
  assert.throws(() => resolveLine("--root /v --radius 0"), /1 to 16/);
});

test("handcrafted features: settings of their own, GrabCut for boxes, a smaller picture for boxes and clicks, never with the walk", () => {
  const settings = ({ hidden, epochs, boxLimit, graphSide, learningRate }: ResolvedConfig): unknown[] => [
    hidden,
    epochs,
    boxLimit,
    graphSide,
    learningRate,
  ];
  assert.deepEqual(settings(resolveLine("--voc12-root v --supervision box").config), [64, 50, true, 320, 0.01]);
  for (const [line, cuts] of [
    ["--supervision box", true],
    ["--supervision box --grab-cut false", false],
    ["--supervision box --features imagenet", true],
    ["--supervision box --weights a.pth", false],
    ["--supervision scribble", false],
    ["--supervision point", false],
  ] as const)
    assert.equal(resolveLine(`--voc12-root v ${line}`).config.grabCut, cuts, line);
  assert.deepEqual(settings(resolveLine("--voc12-root v --supervision point").config), [64, 50, true, 256, 0.01]);
  assert.deepEqual(settings(resolveLine("--voc12-root v --supervision point --cam-dir cam").config), [
    64,
    50,
    true,
    0,
    0.01,
  ]);
  assert.deepEqual(settings(resolveLine("--voc12-root v --supervision box --weights a.pth").config), [
    256,
    150,
    false,
    0,
    0.035,
  ]);
  assert.deepEqual(settings(resolveLine("--voc12-root v --supervision point --weights a.pth").config), [
    256,
    50,
    false,
    0,
    0.03,
  ]);
  for (const [supervision, side] of [
    ["scribble", 256],
    ["point", 320],
    ["box", 320],
  ])
    assert.deepEqual(
      settings(resolveLine(`--voc12-root v --supervision ${supervision} --features imagenet`).config).slice(2, 4),
      [true, side],
    );
  assert.throws(
    () => resolveLine("--voc12-root v --supervision point --cam-dir cam --graph-side 256"),
    /--graph-side needs --rw false/,
  );
});
