import assert from "node:assert/strict";
import test from "node:test";
import { type BoxRule, boxRule } from "../src/seeds/box-rule";
import { countSeeds, coverageCsv, coverageRows } from "../src/seeds/coverage-precision";
import type { GrabCutAnswer } from "../src/seeds/grabcut";
import { imageRule } from "../src/seeds/image-rule";
import { type MixedRule, mixedRule } from "../src/seeds/mixed-rule";
import { pointRule } from "../src/seeds/point-rule";
import { scribbleRule } from "../src/seeds/scribble-rule";
import type { SeedImage, Seeds } from "../src/seeds/seed-image";
import { spread } from "../src/seeds/spread";

const U = 255;

/** 8×4 pixels, superpixels of 2×2: 0 1 2 3 above 4 5 6 7. */
const [width, height] = [8, 4];
const ids = Int32Array.from({ length: 32 }, (_, i) => Math.floor((i % 8) / 2) + 4 * Math.floor(i / 16));

function seedImage(more: Partial<SeedImage> = {}): SeedImage {
  return {
    image: { width, height, data: new Uint8Array(96) },
    classes: ["background", "cat", "dog", "cow"],
    ignore: U,
    superpixels: () => ({ width, height, count: 8, ids }),
    ...more,
  };
}

const everything: MixedRule = {
  pointRadius: 0,
  superpixels: true,
  superpixelArea: 4,
  camLabel: true,
  tagsOnly: true,
  pointRim: 0,
  scribbleRest: "unknown",
  grabCut: true,
  grabCutMin: 0.05,
  grabCutMax: 0.99,
  grabCutBand: 0,
  grabCutBackground: "background",
  middleShare: 0.2,
};
const boxOnly: BoxRule = everything;

/** Labels as lines of text: "." unknown. */
function drawn(label: Uint8Array): string[] {
  return Array.from({ length: height }, (_, y) =>
    [...label.subarray(y * width, (y + 1) * width)].map((value) => (value === U ? "." : value)).join(""),
  );
}

function label(...lines: string[]): Uint8Array {
  return Uint8Array.from(lines.join(""), (character) => (character === "." ? U : Number(character)));
}

function cut(...lines: string[]): GrabCutAnswer {
  return { foreground: label(...lines) };
}

function seedsOf({ label: { data }, stages }: Seeds): string[] {
  assert.deepEqual(data, stages[stages.length - 1].label);
  return drawn(data);
}

const rulesOf = ({ stages }: Seeds): string[] => stages.map(({ rule }) => rule);

test("image: the confident label as it is", () => {
  const confident = label("00..1133", "........", "2......3", "........");
  const seeds = imageRule(seedImage({ confident, tags: [1] }));
  assert.deepEqual(seeds.label.data, confident);
  assert.throws(() => imageRule(seedImage()), /no confident label/);
});

test("spread: touched by exactly one class", () => {
  const touched = label("1.1..20.", "......2.", "...3....", "........");
  assert.deepEqual(drawn(spread({ width, height, count: 8, ids }, touched, U, 4)), [
    "111122..",
    "111122..",
    "..33....",
    "..33....",
  ]);
});

test("spread: a superpixel far beyond its usual size is no evidence", () => {
  const one = { width, height, count: 1, ids: new Int32Array(32) };
  const touched = label("1.......", "........", "........", "........");
  assert.ok(spread(one, touched, U, 4).every((value) => value === U));
  assert.ok(spread(one, touched, U, 32).every((value) => value === 1));
});

test("point: click, its superpixel, then the confident label of the image's tags", () => {
  const points = [
    { x: 1, y: 1, class: 1 },
    { x: 7, y: 0, class: 0 },
  ];
  const confident = label("33333333", "........", "00112233", "00112233");
  const seeds = pointRule(seedImage({ confident, tags: [1, 2] }), points, everything);
  assert.deepEqual(rulesOf(seeds), ["clicks", "superpixels", "confident label"]);
  assert.deepEqual(seedsOf(seeds), ["11....00", "11....00", "001122..", "001122.."]);
  const clicked = pointRule(seedImage({ confident }), points, everything);
  assert.deepEqual(seedsOf(clicked)[2], "0011....", "without tags, the classes clicked");
  const free = pointRule(seedImage({ confident }), points, { ...everything, tagsOnly: false });
  assert.deepEqual(seedsOf(free)[0], "11333300");
  const bare = pointRule(seedImage({ confident }), points, { ...everything, camLabel: false, superpixels: false });
  assert.deepEqual(seedsOf(bare), [".......0", ".1......", "........", "........"]);
});

test("point: the rim is background where nothing else is, and only there", () => {
  const rim = { ...everything, superpixels: false, pointRim: 1 };
  const cat = { x: 0, y: 1, class: 1 };
  const alone = pointRule(seedImage(), [cat], rim);
  assert.deepEqual(rulesOf(alone), ["clicks", "rim"]);
  assert.deepEqual(seedsOf(alone), ["00000000", "1......0", "0......0", "00000000"]);
  const clicked = pointRule(seedImage(), [cat, { x: 5, y: 2, class: 0 }], rim);
  assert.deepEqual(seedsOf(clicked), ["........", "1.......", ".....0..", "........"]);
  const confident = label("........", "...0....", "........", "........");
  assert.deepEqual(rulesOf(pointRule(seedImage({ confident }), [cat], rim)), ["clicks", "confident label"]);
  assert.deepEqual(rulesOf(pointRule(seedImage(), [cat], { ...rim, pointRim: 0 })), ["clicks"]);
});

test("point: clicks of two classes in one superpixel leave it unknown but for themselves", () => {
  const points = [
    { x: 0, y: 0, class: 1 },
    { x: 1, y: 1, class: 2 },
  ];
  assert.deepEqual(seedsOf(pointRule(seedImage(), points, everything)).slice(0, 2), ["1.......", ".2......"]);
});

test("scribble: superpixels of one class, strokes always; beyond, unknown or the confident label", () => {
  const strokes = label("1112....", "........", "....00..", "........");
  const confident = label("33333333", "22222222", "22222222", "22222222");
  const seeds = scribbleRule(seedImage({ confident }), strokes, everything);
  assert.deepEqual(seedsOf(seeds), ["1112....", "11......", "....00..", "....00.."]);
  const rest = scribbleRule(seedImage({ confident }), strokes, { ...everything, scribbleRest: "confident" });
  assert.deepEqual(seedsOf(rest), ["1112....", "11222222", "22220022", "22220022"]);
  const plain = scribbleRule(seedImage(), strokes, { ...everything, superpixels: false });
  assert.deepEqual(plain.label.data, strokes);
});

const box = { xmin: 1, ymin: 0, xmax: 6, ymax: 3, class: 1 };
const half = cut("00111000", "00111000", "00111000", "00000000");

test("box: background outside, GrabCut inside", () => {
  const seeds = boxRule(seedImage(), [box], [half], boxOnly);
  assert.deepEqual(rulesOf(seeds), ["boxes", "GrabCut", "fallback"]);
  assert.deepEqual(drawn(seeds.stages[0].label), ["0......0", "0......0", "0......0", "0......0"]);
  assert.deepEqual(seedsOf(seeds), ["00111000", "00111000", "00111000", "00000000"]);
});

test("box: where GrabCut and the confident label disagree, unknown", () => {
  const confident = label("..10201.", "........", "........", "..1.....");
  const seeds = boxRule(seedImage({ confident }), [box], [half], boxOnly);
  assert.deepEqual(seedsOf(seeds), ["001..0.0", "00111000", "00111000", "00.00000"]);
  const alone = boxRule(seedImage({ confident }), [box], [half], { ...boxOnly, camLabel: false });
  assert.deepEqual(seedsOf(alone)[0], "00111000");
});

test("box: GrabCut's background inside boxes is doubted where nothing could object", () => {
  const seeds = boxRule(seedImage(), [box], [half], { ...boxOnly, grabCutBackground: "auto" });
  assert.deepEqual(rulesOf(seeds).at(-1), "background in boxes unknown");
  assert.deepEqual(seedsOf(seeds), ["0.111..0", "0.111..0", "0.111..0", "0......0"]);
  const confident = label("........", "........", "........", "..1.....");
  const labelled = boxRule(seedImage({ confident }), [box], [half], { ...boxOnly, grabCutBackground: "auto" });
  assert.deepEqual(seedsOf(labelled), ["00111000", "00111000", "00111000", "00.00000"]);
  const unknown = boxRule(seedImage({ confident }), [box], [half], { ...boxOnly, grabCutBackground: "unknown" });
  assert.deepEqual(seedsOf(unknown)[3], "0......0");
});

test("box: pixels near GrabCut's outline stay unknown on demand", () => {
  const seeds = boxRule(seedImage(), [box], [half], { ...boxOnly, grabCutBand: 1 });
  assert.deepEqual(seedsOf(seeds), ["0..1..00", "0..1..00", "0.....00", "0.....00"]);
});

test("box: GrabCut that finds nothing, everything, or fails falls back", () => {
  const nothing = cut("00000000", "00000000", "00000000", "00000000");
  const all = cut("01111110", "01111110", "01111110", "01111110");
  for (const answer of [nothing, all, { failure: "no memory" }]) {
    const seeds = boxRule(seedImage(), [box], [answer], boxOnly);
    assert.deepEqual(seedsOf(seeds), ["0......0", "0..11..0", "0..11..0", "0......0"]);
    assert.match(seeds.notices[0], /box 1 \(cat\): (no memory|GrabCut found (0|100)\.0 %)/);
  }
  const confident = label("........", "..1102..", "........", "........");
  const known = boxRule(seedImage({ confident }), [box], [nothing], boxOnly);
  assert.deepEqual(seedsOf(known), ["0......0", "0.110..0", "0......0", "0......0"]);
  const none = boxRule(seedImage(), [box], [], { ...boxOnly, grabCut: false });
  assert.deepEqual(seedsOf(none), ["0......0", "0..11..0", "0..11..0", "0......0"]);
  assert.deepEqual(none.notices, []);
});

test("box: the smaller of overlapping boxes wins, but does not hide the larger one's object", () => {
  const small = { xmin: 3, ymin: 1, xmax: 5, ymax: 2, class: 2 };
  const large = cut("01111110", "01111110", "01111110", "00000000");
  const inner = cut("00000000", "00011000", "00010000", "00000000");
  const seeds = boxRule(seedImage(), [box, small], [large, inner], boxOnly);
  assert.deepEqual(seedsOf(seeds), ["01111110", "01122110", "01121110", "00000000"]);
});

test("mixed: one kind gives what its own rule gives", () => {
  const points = [{ x: 1, y: 1, class: 1 }];
  const strokes = label("1112....", "........", "....00..", "........");
  const confident = label("..10201.", "........", "........", "..1.....");
  const seed = seedImage({ confident, tags: [1, 2] });
  const none = { points: [], boxes: [] };
  assert.deepEqual(mixedRule(seed, none, [], everything), imageRule(seed));
  assert.deepEqual(mixedRule(seed, { ...none, points }, [], everything), pointRule(seed, points, everything));
  assert.deepEqual(mixedRule(seed, { ...none, strokes }, [], everything), scribbleRule(seed, strokes, everything));
  assert.deepEqual(
    mixedRule(seed, { ...none, boxes: [box] }, [half], everything),
    boxRule(seed, [box], [half], everything),
  );
  assert.throws(() => mixedRule(seedImage(), none, [], everything), /no weak label/);
});

test("mixed: what was drawn beats superpixels, these beat boxes", () => {
  const points = [{ x: 2, y: 3, class: 1 }];
  const strokes = label("........", "........", "........", "......00");
  const seeds = mixedRule(seedImage(), { points, strokes, boxes: [box] }, [half], everything);
  assert.deepEqual(rulesOf(seeds), ["clicks and strokes", "superpixels", "boxes"]);
  assert.deepEqual(seedsOf(seeds), ["00111000", "00111000", "00111000", "00110000"]);
});

test("mixed: a class without a box makes background unknown", () => {
  const points = [{ x: 0, y: 0, class: 3 }];
  const seeds = mixedRule(seedImage(), { points, boxes: [box] }, [half], everything);
  assert.deepEqual(seedsOf(seeds), ["33111...", "33111...", "..111...", "........"]);
  const confident = label("........", "........", "......33", "..00...3");
  const filled = mixedRule(seedImage({ confident }), { points, boxes: [box] }, [half], everything);
  assert.deepEqual(seedsOf(filled)[3], "..00...3");
});

test("mixed: a superpixel does not carry a class beyond its boxes", () => {
  const small = { xmin: 0, ymin: 0, xmax: 2, ymax: 1, class: 1 };
  const answer = cut("11000000", "11000000", "00000000", "00000000");
  const points = [{ x: 2, y: 0, class: 1 }];
  const seeds = mixedRule(seedImage(), { points, boxes: [small] }, [answer], everything);
  assert.deepEqual(seedsOf(seeds).slice(0, 2), ["11100000", "11100000"]);
});

test("mixed: clicks that contradict boxes are told of, and count, because they are more exact", () => {
  const other = { xmin: 0, ymin: 0, xmax: 0, ymax: 3, class: 2 };
  const points = [
    { x: 3, y: 0, class: 2 },
    { x: 3, y: 3, class: 3 },
    { x: 4, y: 1, class: 1 },
  ];
  const cuts = [half, cut("00000000", "10000000", "00000000", "00000000")];
  const seeds = mixedRule(seedImage(), { points, boxes: [box, other] }, cuts, everything);
  assert.match(seeds.notices[0], /click 1 \(dog\) lies in a box of cat; the click counts/);
  assert.match(seeds.notices[1], /click 2 \(cow\) lies in a box of cat; the click counts/);
  assert.equal(seeds.notices.length, 2);
  assert.equal(seeds.label.data[3], 2);
  assert.equal(seeds.label.data[3 + 3 * 8], 3);
});

test("mixed: where a stroke and a click contradict each other, the stroke holds", () => {
  const strokes = label("1.......", "........", "........", "........");
  const seeds = mixedRule(seedImage(), { points: [{ x: 0, y: 0, class: 2 }], strokes, boxes: [] }, [], everything);
  assert.equal(seeds.label.data[0], 1);
});

test("coverage, precision and recall after each rule", () => {
  const mask = { width, height, data: label("11111111", "00000000", "22222222", "........") };
  const stages = [
    { rule: "first", label: label("1.......", "........", "........", "2.......") },
    { rule: "second", label: label("1122....", "1.......", "2.......", "2.......") },
  ];
  const counts = countSeeds(stages, mask, U);
  const unjudged = countSeeds(stages.slice(0, 1), undefined, U);
  const rows = coverageRows([counts, unjudged], ["background", "cat", "dog"]);
  const find = (rule: string, name: string) => rows.find((row) => row.rule === rule && row.class === name);
  assert.deepEqual(find("first", "all"), {
    rule: "first",
    class: "all",
    images: 2,
    coverage: 4 / 64,
    precision: 1,
    recall: 1 / 24,
  });
  assert.deepEqual(find("second", "cat"), {
    rule: "second",
    class: "cat",
    images: 1,
    coverage: 3 / 32,
    precision: 2 / 3,
    recall: 2 / 8,
  });
  assert.deepEqual(find("second", "background")?.precision, undefined);
  assert.deepEqual(find("seeds", "all")?.images, 2);
  assert.deepEqual(find("seeds", "all")?.coverage, (7 + 2) / 64);
  assert.match(coverageCsv(rows), /^rule,class,images,coverage,precision,recall\nfirst,all,2,0\.062500,1\.000000,/);
  assert.deepEqual(JSON.parse(JSON.stringify(counts)), counts);
});
