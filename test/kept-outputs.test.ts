/** What a run may write and what it leaves alone: records beside outputs, and make-seeds as a step that keeps them. */

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { hashBytes } from "../src/data/file-hash";
import { makeSeeds } from "../src/steps/make-seeds";
import { findFile, type Origin, writeRecorded } from "../src/steps/outputs/file-record";
import { openOutputKeeper } from "../src/steps/outputs/output-keeper";
import { settingsMixture } from "../src/steps/outputs/settings-mixture";
import { boxXml, idOf, map, writeTinyDataset, writeTinyLabel } from "./tiny-dataset";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-kept-"));
const root = path.join(work, "data");
const COUNT = 3;
const base = { voc12Root: root, inferList: "train.txt", supervision: "box", threads: 1 } as const;
const file = (...names: string[]): string => path.join(work, ...names);
const bytes = (...names: string[]): string => fs.readFileSync(file(...names), "base64");

before(() => writeTinyDataset(root, COUNT));
after(() => fs.rmSync(work, { recursive: true }));

const made = (settings: object, inputs: object = {}): Origin => ({ settings, inputs }) as Origin;

test("a file is missing, current, stale, corrected or foreign", async () => {
  const target = file("states", "a.txt");
  const stateFor = async (origin: Origin): Promise<string> => (await findFile(target, async () => origin)).state;
  const origin = made({ epochs: 20 }, { photograph: "p" });
  assert.equal(await stateFor(origin), "missing");
  await writeRecorded(target, "first", origin);
  assert.equal(await stateFor(made({ epochs: 20, none: undefined }, { photograph: "p", none: undefined })), "current");
  assert.equal(await stateFor(made({ epochs: 40 }, { photograph: "p" })), "stale");
  assert.equal(await stateFor(made({ epochs: 20 }, { photograph: "q" })), "stale");
  assert.equal(await stateFor(made({ epochs: 20 })), "stale");
  fs.writeFileSync(target, "painted");
  assert.equal(await stateFor(origin), "corrected");
  fs.rmSync(file("states", ".a2gnn", "a.txt.json"));
  assert.equal(await stateFor(origin), "foreign");
});

test("a run that is killed between record and file leaves no file for somebody's own", async () => {
  const target = file("killed", "a.txt");
  await writeRecorded(target, "first", made({ epochs: 20 }));
  await writeRecorded(target, "second", made({ epochs: 40 }));
  fs.writeFileSync(target, "first"); // the record is of the second, the bytes are still the first's
  assert.equal((await findFile(target, async () => made({ epochs: 40 }))).state, "stale");
});

test("a corrected file is never replaced, but by --remake, which moves it to .old", async () => {
  const target = file("remake", "a.txt");
  await writeRecorded(target, "first", made({}));
  fs.writeFileSync(target, "painted");
  const keeper = openOutputKeeper();
  assert.equal(await keeper.write("a", target, "second", made({})), false);
  assert.equal(fs.readFileSync(target, "utf8"), "painted");
  assert.equal(keeper.kept(), 1);
  assert.match(keeper.notices().join("\n"), /1 file in .* kept, as somebody has changed .*: a\.txt/);
  for (const text of ["second", "third"]) assert.ok(await openOutputKeeper(["a"]).write("a", target, text, made({})));
  assert.equal(fs.readFileSync(target, "utf8"), "third");
  assert.equal(fs.readFileSync(file("remake", ".old", "a.txt"), "utf8"), "painted");
  assert.equal(fs.readFileSync(file("remake", ".old", "a.2.txt"), "utf8"), "second");
});

test("settings that a folder mixes are told with the counts", async () => {
  await writeRecorded(file("mixed", "a.png"), "a", made({ epochs: 20, seed: 0 }));
  assert.equal(await settingsMixture(file("mixed")), undefined);
  await writeRecorded(file("mixed", "b.png"), "b", made({ epochs: 40, seed: 0 }));
  await writeRecorded(file("mixed", "c.png"), "c", made({ epochs: 40, seed: 0 }));
  assert.match((await settingsMixture(file("mixed"))) ?? "", /2 settings: 2 with epochs 40; 1 with epochs 20$/);
});

test("--overlay on a finished folder draws the labels that exist, one's own among them", async () => {
  const savePath = file("finished");
  await makeSeeds.run({ ...base, savePath });
  const untouched = bytes("finished", `${idOf(1)}.png`);
  writeTinyLabel(
    path.join(savePath, `${idOf(0)}.png`),
    map((x) => (x < 20 ? 2 : 0)),
  );
  const painted = bytes("finished", `${idOf(0)}.png`);
  const overlay = file("finished-overlay");
  const summary = await makeSeeds.run({ ...base, savePath, overlay });
  assert.deepEqual([summary.done, summary.skipped, summary.failed], [COUNT, 0, []]);
  assert.equal(bytes("finished", `${idOf(0)}.png`), painted);
  assert.equal(bytes("finished", `${idOf(1)}.png`), untouched);
  assert.equal(fs.readdirSync(overlay).filter((name) => name.endsWith(".png")).length, COUNT);
  assert.match(summary.notices.join("\n"), /1 file in .*finished kept, as somebody has changed/);
  const before = hashBytes(fs.readFileSync(path.join(overlay, `${idOf(0)}.png`)));
  writeTinyLabel(
    path.join(savePath, `${idOf(0)}.png`),
    map(() => 1),
  );
  await makeSeeds.run({ ...base, savePath, overlay });
  assert.notEqual(hashBytes(fs.readFileSync(path.join(overlay, `${idOf(0)}.png`))), before, "drawn of the new label");
});

test("a label whose boxes have changed is made again; a corrected one is kept, and named", async () => {
  const own = file("own");
  await writeTinyDataset(own, COUNT);
  const [savePath, config] = [file("stale"), { ...base, voc12Root: own }];
  await makeSeeds.run({ ...config, savePath });
  const [first, third] = [0, 2].map((index) => bytes("stale", `${idOf(index)}.png`));
  writeTinyLabel(
    path.join(savePath, `${idOf(1)}.png`),
    map(() => 1),
  );
  const painted = bytes("stale", `${idOf(1)}.png`);
  const other = boxXml([{ name: "leaf", xmin: 2, ymin: 2, xmax: 12, ymax: 12 }]);
  for (const index of [0, 1]) fs.writeFileSync(path.join(own, "Annotations", `${idOf(index)}.xml`), other);
  const { notices } = await makeSeeds.run({ ...config, savePath });
  assert.notEqual(bytes("stale", `${idOf(0)}.png`), first);
  assert.equal(bytes("stale", `${idOf(1)}.png`), painted);
  assert.equal(bytes("stale", `${idOf(2)}.png`), third);
  assert.match(notices.join("\n"), /made again, as settings or inputs have changed \(changed shapes\)/);
  assert.match(notices.join("\n"), new RegExp(`kept, though what they were made of has changed.*${idOf(1)}\\.png`));
});

test("folders that are read are refused as outputs, through links and dots too, and outputs that collide", async () => {
  const link = file("link");
  fs.symlinkSync(path.join(root, "JPEGImages"), link);
  const refused = async (config: object, message: RegExp): Promise<void> =>
    assert.rejects(makeSeeds.run({ ...base, savePath: file("never"), ...config }), { name: "UserError", message });
  await refused(
    { savePath: path.join(root, ".", "SegmentationClass") },
    /--save-path .* is SegmentationClass of the data/,
  );
  await refused({ overlay: link }, /--overlay .* is the folder of the photographs/);
  await refused({ outXml: path.join(root, "Annotations") }, /--out-xml .* is Annotations of the data folder/);
  await refused({ seamDir: file("seam"), savePath: file("x", "..", "seam") }, /--save-path .* is read as --seam-dir/);
  await refused({ overlay: file("never") }, /--overlay and --save-path are the same folder/);
  assert.ok(!fs.existsSync(file("never")), "refused before anything is made");
});
