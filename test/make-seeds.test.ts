import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after, before } from "node:test";
import type { MakeSeedsConfig, SeedSupervision } from "../src/config/make-seeds";
import { readDataset } from "../src/data/dataset";
import { checkLabel, readLabel } from "../src/data/label-png";
import { readBoxes } from "../src/data/voc-boxes";
import { silentReporter } from "../src/running/reporter";
import { encodeCams } from "../src/seam/cam-dictionary";
import { makeSeeds } from "../src/steps/make-seeds";
import { boxXml, IGNORE, idOf, map, objectOf, SIZE, writeTinyDataset } from "./tiny-dataset";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-seeds-"));
const root = path.join(work, "data");
const COUNT = 3;
const base = { voc12Root: root, inferList: "train.txt" } as const;

before(async () => {
  await writeTinyDataset(root, COUNT);
  fs.mkdirSync(path.join(root, "maps"));
  for (let i = 0; i < COUNT; i++) {
    const { xmin, xmax, ymin, ymax, class: label } = objectOf(i);
    const inside = (x: number, y: number): boolean => x >= xmin && x <= xmax && y >= ymin && y <= ymax;
    const maps = new Map([
      [
        label,
        Float32Array.from(
          map((x, y) => (inside(x, y) ? 100 + x + y : 0)),
          (v) => v / 200,
        ),
      ],
    ]);
    fs.writeFileSync(path.join(root, "maps", `${idOf(i)}.npy`), encodeCams({ ...SIZE, maps }));
  }
});
after(() => fs.rmSync(work, { recursive: true }));

function filesIn(folder: string, extension = ".png"): Record<string, string> {
  const names = fs.readdirSync(folder).filter((name) => name.endsWith(extension));
  return Object.fromEntries(names.sort().map((name) => [name, fs.readFileSync(path.join(folder, name), "base64")]));
}

/** A second data folder that shares the first one's images, for changes. */
function copyOf(name: string): string {
  const copy = path.join(work, name);
  fs.cpSync(root, copy, { recursive: true });
  return copy;
}

const kinds: readonly [SeedSupervision, Partial<MakeSeedsConfig>, number][] = [
  ["image", { seamDir: path.join(root, "SeedLabel") }, 0.99],
  ["image", { camDir: path.join(root, "maps") }, 0.95],
  ["point", {}, 0.95],
  ["point", { seamDir: path.join(root, "SeedLabel") }, 0.95],
  ["scribble", {}, 0.95],
  ["scribble", { seamDir: path.join(root, "SeedLabel"), scribbleRest: "confident" }, 0.95],
  ["box", {}, 0.95],
  ["box", { grabCut: false }, 0.95],
  ["box", { seamDir: path.join(root, "SeedLabel") }, 0.95],
  ["mixed", {}, 0.95],
];

for (const [index, [supervision, more, precision]] of kinds.entries())
  test(`${supervision} ${Object.keys(more).join(" ")}`, async () => {
    const savePath = path.join(work, `kind${index}`);
    const summary = await makeSeeds.run({ ...base, ...more, supervision, savePath });
    assert.deepEqual([summary.done, summary.skipped, summary.failed, summary.left], [COUNT, 0, [], 0]);
    assert.deepEqual([summary.step, summary.split, summary.supervision], ["make-seeds", "train", supervision]);
    const dataset = await readDataset(root);
    for (let i = 0; i < COUNT; i++) {
      const label = await readLabel(path.join(savePath, `${idOf(i)}.png`));
      checkLabel(label, SIZE, dataset, "seed");
      assert.ok(label.data.includes(objectOf(i).class) && label.data.includes(0), `${idOf(i)} has seeds of each kind`);
    }
    const all = summary.coverage.filter((row) => row.class === "all").at(-1);
    assert.equal(all?.rule, "seeds");
    assert.ok((all?.precision ?? 0) >= precision, `precision ${all?.precision}`);
    assert.match(makeSeeds.describe?.(summary) ?? "", /after the rule +class +images +coverage +precision/);
    assert.match(fs.readFileSync(path.join(savePath, "coverage.csv"), "utf8"), /^rule,class,images,coverage/);
  });

test("seeds are the same again, in shards, and with other threads; what is there is not made again", async () => {
  const whole = path.join(work, "whole");
  await makeSeeds.run({ ...base, supervision: "mixed", savePath: whole });
  const parts = path.join(work, "parts");
  for (const shard of ["2/2", "1/2"])
    await makeSeeds.run({ ...base, supervision: "mixed", savePath: parts, shard, threads: 1 });
  assert.deepEqual(filesIn(parts), filesIn(whole));
  assert.deepEqual(filesIn(path.join(parts, "coverage"), ".json"), filesIn(path.join(whole, "coverage"), ".json"));
  const again = await makeSeeds.run({ ...base, supervision: "mixed", savePath: parts });
  assert.deepEqual([again.done, again.skipped], [0, COUNT]);
  assert.equal(again.coverage.at(-1)?.images, COUNT, "the report covers what was there");
  const counts = path.join(parts, "coverage", `${idOf(0)}.json`);
  for (const damaged of ["[1]", '[{"rule":"seeds","pixels":9,"classes":{"1":{"labelled":3}}}]']) {
    fs.writeFileSync(counts, damaged);
    const less = await makeSeeds.run({ ...base, supervision: "mixed", savePath: parts });
    assert.equal(less.coverage.at(-1)?.images, COUNT - 1, "damaged counts are none");
  }
  fs.writeFileSync(counts, '{"cut');
  const mended = await makeSeeds.run({ ...base, supervision: "mixed", savePath: parts });
  assert.deepEqual([mended.done, mended.coverage.at(-1)?.images], [1, COUNT], "those that break off are made again");
  const other = await makeSeeds.run({ ...base, supervision: "mixed", savePath: parts, superpixels: false });
  assert.ok(other.notices.some((notice) => /made again, as settings.*superpixels true, now false/.test(notice)));
});

test("a stop leaves whole files, and the next run resumes", async () => {
  const savePath = path.join(work, "stopped");
  const controller = new AbortController();
  controller.abort();
  const stopped = await makeSeeds.run(
    { ...base, supervision: "point", savePath },
    { reporter: silentReporter, signal: controller.signal },
  );
  assert.equal(stopped.left, COUNT);
  const rest = await makeSeeds.run({ ...base, supervision: "point", savePath });
  assert.equal(rest.done + rest.skipped, COUNT);
  assert.ok(fs.readdirSync(savePath).every((name) => !name.endsWith(".tmp")));
});

test("unusable images are named and counted, the rest continues", async () => {
  const bad = copyOf("bad");
  fs.writeFileSync(path.join(bad, "ImageSets/Segmentation/train.txt"), "img0\nimg1\nimg2\nnone\n");
  fs.writeFileSync(path.join(bad, "Annotations/img1.xml"), boxXml([{ ...objectOf(1), name: "unicorn" }]));
  fs.truncateSync(path.join(bad, "JPEGImages/img2.jpg"), 300);
  const summary = await makeSeeds.run({
    ...base,
    voc12Root: bad,
    supervision: "box",
    savePath: path.join(work, "bad-out"),
  });
  assert.equal(summary.done, 1);
  const reasons = summary.failed.map(({ image, reason }) => `${image}: ${reason}`);
  assert.match(reasons[0], /img1: .*"unicorn"/);
  assert.match(reasons[1], /img2: cannot decode image/);
  assert.match(reasons[2], /none: no image/);
  assert.equal(Object.keys(filesIn(path.join(work, "bad-out"))).length, 1);
});

test("scribbles outside the image, tags unknown, clicks missing: each its image's failure", async () => {
  const bad = copyOf("bad-weak");
  fs.writeFileSync(path.join(bad, "Scribbles/img0.txt"), "1,500,500,600,600\n");
  fs.rmSync(path.join(bad, "Scribbles/img1.txt"));
  const strokes = await makeSeeds.run({
    ...base,
    voc12Root: bad,
    supervision: "scribble",
    savePath: path.join(work, "o1"),
  });
  assert.match(strokes.failed[0].reason, /scribble 1 lies outside the image/);
  assert.match(strokes.failed[1].reason, /no scribbles/);
  fs.writeFileSync(
    path.join(bad, "cls_labels.json"),
    JSON.stringify({ img0: ["brick"], img1: ["dragon"], img2: ["leaf"] }),
  );
  const config = { ...base, voc12Root: bad, supervision: "point", seamDir: path.join(root, "SeedLabel") } as const;
  const tagged = await makeSeeds.run({ ...config, savePath: path.join(work, "o2") });
  assert.deepEqual(
    tagged.failed.map(({ image }) => image),
    ["img1"],
  );
  assert.match(tagged.failed[0].reason, /"dragon"/);
  fs.writeFileSync(path.join(bad, "points.json"), JSON.stringify({ img0: { fg: [{ x: 1, y: 1, cls: 1 }] } }));
  const clicks = await makeSeeds.run({
    ...base,
    voc12Root: bad,
    supervision: "point",
    savePath: path.join(work, "o3"),
  });
  assert.deepEqual(
    clicks.failed.map(({ reason }) => reason.split(":")[0]),
    ["no clicks", "no clicks"],
  );
  assert.match(clicks.failed[0].reason, /--points/, "the reason names the options that mend it");
});

test("mixed: each image by what it has", async () => {
  const mixed = copyOf("mixed");
  for (const name of ["Annotations/img0.xml", "Scribbles/img0.txt", "Annotations/img1.xml"])
    fs.rmSync(path.join(mixed, name));
  const points = JSON.parse(fs.readFileSync(path.join(mixed, "points.json"), "utf8")) as Record<string, unknown>;
  fs.writeFileSync(path.join(mixed, "points.json"), JSON.stringify({ img0: points.img0 }));
  fs.rmSync(path.join(mixed, "Scribbles/img2.txt"));
  const run = (supervision: SeedSupervision, savePath: string) =>
    makeSeeds.run({ ...base, voc12Root: mixed, supervision, savePath: path.join(work, savePath) });
  const summary = await run("mixed", "m");
  assert.deepEqual([summary.done, summary.failed], [COUNT, []]);
  await run("point", "mp");
  await run("scribble", "ms");
  await run("box", "mb");
  const parts = {
    ...filesIn(path.join(work, "mp")),
    ...filesIn(path.join(work, "ms")),
    ...filesIn(path.join(work, "mb")),
  };
  assert.deepEqual(filesIn(path.join(work, "m")), parts);
});

test("COCO, YOLO and labelme boxes give the XML's seeds, and XML for the next steps", async () => {
  const own = copyOf("own");
  const folder = (name: string): string => {
    fs.mkdirSync(path.join(own, name), { recursive: true });
    return path.join(own, name);
  };
  const ids = Array.from({ length: COUNT }, (_, i) => i);
  const sides = ids.map((i) => {
    const { xmin, ymin, xmax, ymax, class: label } = objectOf(i);
    return { x: xmin, y: ymin, w: xmax - xmin + 1, h: ymax - ymin + 1, label, name: ["", "brick", "leaf"][label] };
  });
  const { width, height } = SIZE;
  const coco = path.join(own, "coco.json");
  fs.writeFileSync(
    coco,
    JSON.stringify({
      images: ids.map((i) => ({ id: i, file_name: `${idOf(i)}.jpg`, width, height })),
      categories: [
        { id: 1, name: "leaf" },
        { id: 2, name: "brick" },
      ],
      annotations: sides.map(({ x, y, w, h, name }, i) => ({
        image_id: i,
        category_id: name === "leaf" ? 1 : 2,
        bbox: [x, y, w, h],
      })),
    }),
  );
  for (const [i, { x, y, w, h, label, name }] of sides.entries()) {
    const line = [label - 1, (x + w / 2) / width, (y + h / 2) / height, w / width, h / height].join(" ");
    fs.writeFileSync(path.join(folder("yolo"), `${idOf(i)}.txt`), line);
    const shape = {
      label: name,
      shape_type: "rectangle",
      points: [
        [x, y],
        [x + w - 1, y + h - 1],
      ],
    };
    fs.writeFileSync(path.join(folder("labelme"), `${idOf(i)}.json`), JSON.stringify({ shapes: [shape] }));
  }
  fs.rmSync(path.join(own, "Annotations"), { recursive: true });
  await makeSeeds.run({ ...base, supervision: "box", savePath: path.join(work, "x") });
  const sources = { coco, yolo: path.join(own, "yolo"), labelme: path.join(own, "labelme") };
  for (const [kind, source] of Object.entries(sources)) {
    const [savePath, outXml] = [path.join(work, kind), path.join(work, `${kind}-xml`)];
    const config = { ...base, voc12Root: own, supervision: "box", [kind]: source, savePath, outXml } as const;
    const summary = await makeSeeds.run(config);
    assert.deepEqual([summary.done, summary.failed], [COUNT, []], kind);
    assert.deepEqual(filesIn(savePath), filesIn(path.join(work, "x")), kind);
    const dataset = await readDataset(own);
    const { boxes } = await readBoxes(path.join(outXml, "img1.xml"), dataset, SIZE);
    assert.deepEqual(boxes, [objectOf(1)]);
  }
});

test("overlays, and options that make no sense", async () => {
  const savePath = path.join(work, "with-overlay");
  await makeSeeds.run({ ...base, supervision: "scribble", savePath, overlay: path.join(savePath, "pictures") });
  assert.equal(Object.keys(filesIn(path.join(savePath, "pictures"))).length, COUNT);
  await assert.rejects(makeSeeds.run({ ...base, supervision: "image" }), /needs --seam-dir or --cam-dir/);
  await assert.rejects(makeSeeds.run({ ...base, scribbleRest: "confident" }), /--scribble-rest confident needs/);
  await assert.rejects(makeSeeds.run({ ...base, coco: path.join(work, "none.json"), savePath }), /no such file/);
  const missing = await makeSeeds.run({
    ...base,
    supervision: "image",
    seamDir: path.join(work, "nowhere"),
    savePath: path.join(work, "no"),
  });
  assert.match(missing.failed[0].reason, /no confident label: .*img0\.png is missing/);
  const label = await readLabel(path.join(savePath, "img0.png"));
  assert.ok(label.data.includes(IGNORE));
});
