import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import type { ExportedFile } from "../src/annotate/export-files";
import { exportFiles } from "../src/annotate/export-files";
import type { Shapes } from "../src/annotate/protocol";
import { openSession } from "../src/annotate/session";
import { createWorkerProcess } from "../src/annotate/worker-process";
import { useBackend } from "../src/backend";
import { makePseudoLabels } from "../src/steps/make-pseudo-labels";
import { copyOfMini, until } from "./annotate-folder";

/** Boxes drawn in the page become masks of objects: the files that `make-pseudo-labels --instances` makes of the same boxes. */

const QUICK = { hidden: 16, epochs: 8 };
const root = copyOfMini(1);
after(() => fs.rmSync(root, { recursive: true }));
const at = (...parts: string[]): string => path.join(root, ...parts);
const objects = at("Labels", "instances");
const files = ["coco/mini_0001.json", "SegmentationObject/mini_0001.png"].map((name) => path.join(objects, name));

const BOXES: Shapes = {
  boxes: [
    { class: 1, xmin: 10, ymin: 20, xmax: 92, ymax: 100 },
    { class: 1, xmin: 60, ymin: 50, xmax: 130, ymax: 112 },
    { class: 4, xmin: 100, ymin: 25, xmax: 132, ymax: 58 },
  ],
  strokes: [],
  clicks: [],
  pins: [],
};

test("a mask for each box, byte for byte as the command line's; gone with the boxes; a file of others stays", async () => {
  const worker = createWorkerProcess({ threads: 1 });
  const session = await openSession(root, worker, { label: QUICK });
  try {
    const [{ id }] = session.photographs;
    const draw = async (shapes: Shapes): Promise<void> => {
      await session.save(id, (await session.document(id)).revision, shapes);
      await until(() => !session.labelling.isPending(id), "the label", 600);
    };
    await draw(BOXES);
    const savePath = at("by-command");
    await useBackend("native", { threads: 1 });
    const { failed } = await makePseudoLabels.run({
      voc12Root: root,
      supervision: "box",
      boxXmlPath: at("Annotations"),
      savePath,
      instances: true,
      ...QUICK,
    });
    assert.deepEqual(failed, []);
    for (const file of files) {
      const same = file.replace(at("Labels"), savePath);
      assert.deepEqual(fs.readFileSync(file), fs.readFileSync(same), path.basename(file));
    }

    const exported = async (): Promise<Map<string, ExportedFile["bytes"]>> => {
      const found = new Map<string, ExportedFile["bytes"]>();
      for await (const each of exportFiles("instances", session.labelled(), session.classes().dataset))
        found.set(each.path, each.bytes);
      return found;
    };
    const zipped = await exported();
    assert.deepEqual(zipped.get("SegmentationObject/mini_0001.png"), fs.readFileSync(files[1]));
    assert.equal(
      zipped.get("instances.json"),
      fs.readFileSync(path.join(savePath, "instances/instances.json"), "utf8"),
    );

    await draw({ ...BOXES, boxes: [], strokes: [{ class: 1, points: [20, 50, 70, 50] }] });
    assert.deepEqual(files.filter(fs.existsSync), []);

    fs.writeFileSync(files[0], "{}");
    await draw(BOXES);
    assert.equal(fs.readFileSync(files[0], "utf8"), "{}");
    assert.ok(!fs.existsSync(files[1]));
  } finally {
    session.close();
  }
});
