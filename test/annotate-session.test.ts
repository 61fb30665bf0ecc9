import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import type { Shapes } from "../src/annotate/protocol";
import { openSession, type Session } from "../src/annotate/session";
import { ShapesChanged } from "../src/annotate/shape-files";
import { decodeLabel, encodeLabel } from "../src/data/label-png";
import { parseScribbleText } from "../src/data/scribbles";
import { readBoxes } from "../src/data/voc-boxes";
import { copyOfMini, type StandIn, standInWorker, until } from "./annotate-folder";

const roots: string[] = [];
after(() => {
  for (const root of roots) fs.rmSync(root, { recursive: true });
});

interface Opened {
  readonly root: string;
  readonly session: Session;
  readonly worker: StandIn;
  readonly id: string;
  readonly events: { readonly kind: string; readonly id?: string }[];
  file(...parts: string[]): string;
}

async function opened(options: Parameters<typeof copyOfMini>[1] = {}, delay = 0): Promise<Opened> {
  const root = copyOfMini(3, options);
  roots.push(root);
  const worker = standInWorker(delay);
  const session = await openSession(root, worker);
  const events: Opened["events"] = [];
  session.subscribe((event) => void events.push(event));
  return {
    root,
    session,
    worker,
    id: session.photographs[0].id,
    events,
    file: (...parts) => path.join(root, ...parts),
  };
}

const NOTHING: Shapes = { boxes: [], strokes: [], clicks: [], pins: [] };
const STROKE = { class: 1, points: [10, 10, 20.5, 12, 30, 40] };
const BOX = { class: 2, xmin: 5, ymin: 6, xmax: 60, ymax: 70 };

const idle = ({ session, id }: Opened): Promise<void> =>
  until(() => !session.labelling.isPending(id), "the label to be finished");

test("what is drawn is in the files that the steps read, and comes back from them", async () => {
  const page = await opened();
  const { session, id, file } = page;
  const { revision } = await session.document(id);
  const shapes: Shapes = {
    boxes: [BOX],
    strokes: [STROKE, { class: 0, points: [3, 4] }],
    clicks: [
      { class: 3, x: 50.25, y: 60 },
      { class: 0, x: 1, y: 2 },
    ],
    pins: [{ class: 1, runs: [0, 5, 148, 5] }],
  };
  await session.save(id, revision, shapes);
  await idle(page);
  const { dataset } = session.classes();
  const size = await session.sized(id);
  assert.deepEqual((await readBoxes(file("Annotations", "mini_0001.xml"), dataset, size)).boxes, [BOX]);
  const text = fs.readFileSync(file("Scribbles", "mini_0001.txt"), "utf8");
  assert.deepEqual(parseScribbleText(text, dataset, "test"), shapes.strokes);
  assert.deepEqual(JSON.parse(fs.readFileSync(file("points.json"), "utf8")), {
    mini_0001: { fg: [{ x: 50.25, y: 60, cls: 3 }], bg: [{ x: 1, y: 2, cls: 0 }] },
  });
  const again = await openSession(page.root, standInWorker());
  const document = await again.document(id);
  assert.deepEqual(document.shapes, shapes);
  assert.equal(document.label?.stage, "file");
  assert.deepEqual(
    (await again.folderDocument()).photographs.map(({ state }) => state),
    ["label", "none", "none"],
  );
});

test("first a quick label, then the full one, which alone is written; a stroke in between cancels both", async () => {
  const page = await opened({}, 500);
  const { session, id, worker, file } = page;
  const { revision } = await session.document(id);
  const first = await session.save(id, revision, { ...NOTHING, strokes: [STROKE] });
  await until(() => worker.asked.length === 1, "the quick label to be begun");
  await session.save(id, first.revision, { ...NOTHING, strokes: [STROKE, { class: 2, points: [70, 70, 90, 90] }] });
  await idle(page);
  assert.deepEqual(worker.asked, ["mini_0001 first", "mini_0001 first", "mini_0001 final"]);
  const { data } = decodeLabel(fs.readFileSync(file("Labels", "mini_0001.png")), "test");
  assert.equal(data[80 * 148 + 80], 2);
  assert.deepEqual(
    page.events.flatMap((event) =>
      event.kind === "label" ? [(event as unknown as { label: { stage: string } }).label.stage] : [],
    ),
    ["first", "final"],
  );
});

test("drawn and pinned pixels stand in the label; a pin is not drawn over", async () => {
  const page = await opened();
  const { session, id } = page;
  const { revision } = await session.document(id);
  const over = { class: 3, points: [0, 50, 147, 50] };
  await session.save(id, revision, {
    ...NOTHING,
    strokes: [STROKE, over],
    pins: [{ class: 4, runs: [50 * 148 + 10, 20] }],
  });
  await idle(page);
  const label = (await session.label(id))?.data as Uint8Array;
  assert.equal(label[50 * 148 + 9], 3);
  assert.deepEqual([...label.subarray(50 * 148 + 10, 50 * 148 + 30)], Array(20).fill(4));
  assert.equal(label[50 * 148 + 30], 3);
});

test("shapes that were changed elsewhere are not overwritten; everything else of the file is kept", async () => {
  const page = await opened({ drawn: true });
  const { session, id, file } = page;
  const { revision, shapes } = await session.document(id);
  const clicks = { mini_0001: { fg: [{ x: 50, y: 50, cls: 1, rank: 7 }] }, other: { fg: [], more: true } };
  fs.writeFileSync(file("points.json"), JSON.stringify(clicks));
  const xml = file("Annotations", "mini_0001.xml");
  const theirs = fs.readFileSync(xml, "utf8").replace("<object>", "<object><pose>Left</pose>");
  fs.writeFileSync(xml, theirs);
  const mine = { ...shapes, boxes: [...shapes.boxes, BOX] };
  await assert.rejects(session.save(id, revision, mine), ShapesChanged);
  assert.equal(fs.readFileSync(xml, "utf8"), theirs);
  const now = await session.document(id);
  await session.save(id, now.revision, {
    ...now.shapes,
    boxes: [...now.shapes.boxes.slice(0, 1), BOX],
    clicks: [...now.shapes.clicks, { class: 0, x: 1, y: 1 }],
  });
  assert.deepEqual(JSON.parse(fs.readFileSync(file("points.json"), "utf8")), {
    ...clicks,
    mini_0001: { fg: [{ x: 50, y: 50, cls: 1, rank: 7 }], bg: [{ x: 1, y: 1, cls: 0 }] },
  });
  const saved = fs.readFileSync(xml, "utf8");
  assert.match(saved, /<pose>Left<\/pose>/);
  assert.equal(saved.match(/<object>/g)?.length, 2);
});

test("a file that cannot be read is named and stays as it is", async () => {
  const { session, id, file } = await opened();
  fs.mkdirSync(file("Scribbles"));
  fs.writeFileSync(file("Scribbles", "mini_0001.txt"), "99,1,2\n");
  const { problems, revision, shapes } = await session.document(id);
  assert.match(problems[0], /expected a class from 0 to 5 first, got "?99/);
  await assert.rejects(
    session.save(id, revision, { ...shapes, strokes: [STROKE] }),
    /nothing is saved while a file cannot be read/,
  );
  assert.equal(fs.readFileSync(file("Scribbles", "mini_0001.txt"), "utf8"), "99,1,2\n");
});

test("strokes that are a picture stay one: drawn on, erased, and had back", async () => {
  const page = await opened();
  const { session, id, file } = page;
  const { dataset } = session.classes();
  const data = new Uint8Array(148 * 120).fill(255);
  data.fill(2, 100, 120);
  fs.mkdirSync(file("Scribbles"));
  fs.writeFileSync(file("Scribbles", "mini_0001.png"), encodeLabel({ width: 148, height: 120, data }, dataset.palette));
  const { hasPicture, revision } = await session.document(id);
  assert.equal(hasPicture, true);
  const pixels = (): Uint8Array => decodeLabel(fs.readFileSync(file("Scribbles", "mini_0001.png")), "test").data;
  const drawn = await session.save(id, revision, {
    ...NOTHING,
    strokes: [{ class: 255, points: [100, 0, 110, 0] }, STROKE],
  });
  assert.deepEqual([pixels()[105], pixels()[115], pixels()[10 * 148 + 10]], [255, 2, 1]);
  await session.save(id, drawn.revision, NOTHING);
  assert.deepEqual(pixels(), data);
  assert.equal(fs.existsSync(file("Scribbles", "mini_0001.txt")), false);
});

test("a label that was made elsewhere is replaced only when asked for", async () => {
  const page = await opened();
  const { session, id, file } = page;
  const { dataset } = session.classes();
  const theirs = encodeLabel({ width: 148, height: 120, data: new Uint8Array(148 * 120).fill(5) }, dataset.palette);
  fs.mkdirSync(file("Labels"));
  fs.writeFileSync(file("Labels", "mini_0001.png"), theirs);
  const { revision, label } = await session.document(id);
  assert.equal(label?.foreign, true);
  await session.save(id, revision, { ...NOTHING, strokes: [STROKE] });
  await idle(page);
  assert.deepEqual(fs.readFileSync(file("Labels", "mini_0001.png")), Buffer.from(theirs));
  assert.deepEqual(
    (({ stage, saved, foreign }) => ({ stage, saved, foreign }))(
      (await session.document(id)).label ?? { stage: "file", saved: true, foreign: false },
    ),
    { stage: "final", saved: false, foreign: true },
  );
  await assert.rejects(session.setChecked(id, true), /made elsewhere/);
  await session.replaceForeign(id);
  assert.equal(decodeLabel(fs.readFileSync(file("Labels", "mini_0001.png")), "test").data[0], 1);
  assert.equal((await session.document(id)).label?.foreign, false);
});

test("a checked photograph is in the list of checked ones, until it is drawn on again", async () => {
  const page = await opened();
  const { session, id, file } = page;
  await assert.rejects(session.setChecked(id, true), /no label yet/);
  const { revision } = await session.document(id);
  const saved = await session.save(id, revision, { ...NOTHING, strokes: [STROKE] });
  await idle(page);
  await session.setChecked(id, true);
  assert.equal(fs.readFileSync(file("Labels", "checked.txt"), "utf8"), "mini_0001\n");
  assert.equal((await session.entry(id)).state, "checked");
  assert.deepEqual(await session.unlabelled(), []);
  await session.save(id, saved.revision, NOTHING);
  assert.equal(fs.existsSync(file("Labels", "checked.txt")), false);
});

test("label all: what is drawn on and lacks its label, with failures named; a second time there is nothing to do", async () => {
  const page = await opened({ drawn: true });
  const { session, worker, file } = page;
  fs.writeFileSync(file("Scribbles", "mini_0002.txt"), "nonsense\n");
  const wanted = await session.unlabelled();
  assert.equal(wanted.length, 3);
  session.labelling.startBatch(wanted);
  await until(() => session.labelling.batch()?.running === false, "the batch");
  const batch = session.labelling.batch();
  assert.equal(batch?.done, 3);
  assert.deepEqual(
    batch?.failed.map(({ name }) => name),
    ["mini_0002"],
  );
  assert.deepEqual(worker.asked, ["mini_0001 final", "mini_0003 final"]);
  assert.deepEqual(await session.unlabelled(), [session.photographs[1].id]);
});

test("label all makes room for a stroke and can be stopped", async () => {
  const page = await opened({ drawn: true }, 500);
  const { session, id, worker } = page;
  const { revision, shapes } = await session.document(id);
  session.labelling.startBatch((await session.unlabelled()).filter((each) => each !== id));
  await until(() => worker.asked.length === 1, "the batch to begin");
  await session.save(id, revision, { ...shapes, strokes: [...shapes.strokes, STROKE] });
  await idle(page);
  assert.deepEqual(worker.asked.slice(0, 3), ["mini_0002 final", "mini_0001 first", "mini_0001 final"]);
  session.labelling.stopBatch();
  assert.equal(session.labelling.batch()?.running, false);
  assert.equal(session.labelling.batch()?.done, 0);
});

test("classes: added, renamed with the old name as alias, coloured; a list changed elsewhere is not overwritten", async () => {
  const { session, file } = await opened({ drawn: true });
  const { classes, classesRevision } = await session.folderDocument();
  const next = [...classes, { name: "snail", colour: [9, 8, 7] as const }].map((each) =>
    each.name === "mushroom" ? { ...each, name: "toadstool" } : each,
  );
  await session.saveClasses(classesRevision, next);
  const written = JSON.parse(fs.readFileSync(file("dataset.json"), "utf8"));
  assert.deepEqual(written.classes, ["background", "toadstool", "leaf", "fish", "beetle", "mug", "snail"]);
  assert.deepEqual(written.aliases, { mushroom: "toadstool" });
  assert.deepEqual(written.palette[6], [9, 8, 7]);
  assert.deepEqual((await session.document(session.photographs[0].id)).problems, []);
  await assert.rejects(session.saveClasses(classesRevision, next), /changed elsewhere/);
  const now = (await session.folderDocument()).classesRevision;
  await assert.rejects(session.saveClasses(now, next.slice(0, 3)), /expected a list of 7 to 255 classes/);
});

test("a plain folder of photographs gets its files beside them", async () => {
  const page = await opened({ plain: true });
  const { session, id, file } = page;
  const { revision } = await session.document(id);
  await session.save(id, revision, { ...NOTHING, boxes: [BOX] });
  await idle(page);
  assert.equal(fs.existsSync(file("Annotations", "mini_0001.xml")), true);
  assert.equal(fs.existsSync(file("Labels", "mini_0001.png")), true);
});

test("import: what labelme, COCO and CVAT say is added once, unknown photographs are left out", async () => {
  const { session, id } = await opened({ drawn: true });
  const before = (await session.document(id)).shapes;
  const labelme = {
    imageWidth: 148,
    imageHeight: 120,
    shapes: [
      {
        label: "leaf",
        shape_type: "rectangle",
        points: [
          [3, 4],
          [30, 40],
        ],
      },
      {
        label: "fish",
        shape_type: "linestrip",
        points: [
          [1, 1],
          [9, 9],
        ],
      },
      { label: "mug", shape_type: "point", points: [[5, 6]] },
    ],
  };
  const coco = {
    images: [
      { id: 7, file_name: "mini_0002.jpg", width: 160, height: 120 },
      { id: 8, file_name: "elsewhere.jpg" },
    ],
    annotations: [{ image_id: 7, category_id: 1, bbox: [10, 10, 20, 30] }],
    categories: [{ id: 1, name: "beetle" }],
  };
  const cvat = `<annotations><image id="0" name="mini_0003.jpg" width="132" height="140">
    <box label="mug" xtl="10" ytl="11" xbr="40" ybr="51"/></image></annotations>`;
  const sent = (name: string, value: unknown) => ({ name, bytes: Buffer.from(JSON.stringify(value)) });
  const files = [
    sent("mini_0001.json", labelme),
    sent("instances.json", coco),
    sent("other.json", { a: 1 }),
    { name: "annotations.xml", bytes: Buffer.from(cvat) },
  ];
  const answer = await session.importFiles(files);
  assert.deepEqual([answer.photographs, answer.shapes], [3, 5], answer.notices.join("; "));
  assert.match(answer.notices[0], /other\.json is neither/);
  const { boxes, strokes, clicks } = (await session.document(id)).shapes;
  assert.deepEqual(boxes.slice(before.boxes.length), [{ class: 2, xmin: 3, ymin: 4, xmax: 30, ymax: 40 }]);
  assert.deepEqual(strokes.slice(before.strokes.length), [{ class: 3, points: [1, 1, 9, 9] }]);
  assert.deepEqual(clicks, [{ class: 5, x: 5, y: 6 }]);
  assert.deepEqual((await session.importFiles(files)).shapes, 0);
});
