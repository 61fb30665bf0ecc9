import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { type LearnRequest, learnCommand } from "../src/annotate/learn-process";
import type { LearnProgress } from "../src/annotate/protocol";
import { openSession, type Session, type SessionOptions } from "../src/annotate/session";
import { encodeLabel } from "../src/data/label-png";
import { VOC } from "../src/data/voc";
import { copyOfMini, standInWorker, until } from "./annotate-folder";

/** Learning from the page: what becomes of the labels that a network has learned, and of what people drew, checked or made. */

const roots: string[] = [];
after(() => {
  for (const root of roots) fs.rmSync(root, { recursive: true });
});

async function opened(count: number, options: SessionOptions): Promise<{ root: string; session: Session }> {
  const root = copyOfMini(count);
  roots.push(root);
  return { root, session: await openSession(root, standInWorker(), options) };
}

const settled = (session: Session): Promise<void> =>
  until(() => session.learning.progress()?.running === false, "the end of learning");
const png = (size: { width: number; height: number }, value: number): Uint8Array =>
  encodeLabel({ ...size, data: new Uint8Array(size.width * size.height).fill(value) }, VOC.palette);

test("learned labels go to photographs on which nothing is drawn; drawn, checked and foreign labels stay", async () => {
  const asked: LearnRequest[] = [];
  const { root, session } = await opened(5, {
    learn: (request, onLine) => {
      asked.push(request);
      onLine("3/5  labels");
      const folder = path.join(request.out, "round-1", "labels");
      fs.mkdirSync(path.join(folder, "findings"), { recursive: true });
      const write = async (): Promise<string> => {
        for (const { id, name } of session.photographs) {
          fs.writeFileSync(path.join(folder, `${name}.png`), png(await session.sized(id), 3));
          fs.writeFileSync(path.join(folder, "findings", `${name}.json`), JSON.stringify({ doubt: 0.375 }));
        }
        return folder;
      };
      return { labels: write(), stop: () => undefined };
    },
  });
  const [drawn, checked, foreign, blank, wrong] = session.photographs;
  const document = await session.document(drawn.id);
  const shapes = { boxes: [], strokes: [{ class: 1, points: [10, 10, 60, 60] }], clicks: [], pins: [] };
  await session.save(drawn.id, document.revision, shapes);
  await until(() => !session.labelling.isPending(drawn.id), "the label");
  const own = fs.readFileSync(path.join(root, "Labels", `${drawn.name}.png`));
  for (const { id, name } of [checked, foreign])
    fs.writeFileSync(path.join(root, "Labels", `${name}.png`), png(await session.sized(id), 2));
  await session.setChecked(checked.id, true);
  const lines: LearnProgress[] = [];
  session.subscribe((event) => event.kind === "learn" && lines.push(event.learn));

  session.learning.start("30m");
  assert.throws(() => session.learning.start(undefined), /one run of learning at a time/);
  await settled(session);
  assert.deepEqual(asked, [
    { root: session.folder.root, out: path.join(session.folder.root, "Learned"), budget: "30m" },
  ]);
  assert.deepEqual(
    lines.map(({ line }) => line),
    ["Learning begins …", "3/5  labels", "Learned: 2 photographs on which nothing is drawn got labels."],
  );
  assert.deepEqual(fs.readFileSync(path.join(root, "Labels", `${drawn.name}.png`)), own);
  for (const { id, name } of [checked, foreign])
    assert.deepEqual(
      fs.readFileSync(path.join(root, "Labels", `${name}.png`)),
      Buffer.from(png(await session.sized(id), 2)),
    );
  for (const { id } of [blank, wrong]) {
    const { state, doubt } = await session.entry(id);
    assert.deepEqual([state, doubt], ["label", 0.375]);
    assert.ok((await session.label(id))?.data.every((value) => value === 3));
  }

  // Once more: what was learned before gives way to what is learned now, as nobody has touched it.
  session.learning.start(undefined);
  await settled(session);
  assert.match(session.learning.progress()?.line ?? "", /Learned: 2/);
  assert.equal(asked[1].budget, undefined);
  session.close();
});

test("a run that is stopped, one that fails, and a label that does not fit are told; nothing is written", async () => {
  let stop = (): void => undefined;
  let outcome = new Promise<string | undefined>((resolve) => {
    stop = () => resolve(undefined);
  });
  const { root, session } = await opened(1, { learn: () => ({ labels: outcome, stop }) });
  session.learning.start(undefined);
  session.learning.stop();
  await settled(session);
  assert.match(session.learning.progress()?.line ?? "", /was stopped; it resumes/);
  outcome = Promise.reject(new Error("no weak labels"));
  session.learning.start(undefined);
  await settled(session);
  assert.deepEqual(session.learning.progress(), {
    running: false,
    line: "Learning failed: no weak labels",
    failed: true,
  });
  const folder = path.join(root, "Learned", "labels");
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, "mini_0001.png"), png({ width: 3, height: 3 }, 1));
  outcome = Promise.resolve(path.join(session.folder.root, "Learned", "labels"));
  session.learning.start(undefined);
  await settled(session);
  assert.match(session.learning.progress()?.line ?? "", /Learning failed: .*Learned\/labels\/mini_0001\.png/);
  for (const budget of ["soon", "-1m", "30m; rm", 30, {}])
    assert.throws(() => session.learning.start(budget), /a time such as 30m or 2h/);
  assert.ok(!fs.existsSync(path.join(root, "Labels")));
  session.close();
});

test("the command itself says why it cannot learn", async () => {
  const { root, session } = await opened(1, { learn: learnCommand({ threads: 1 }) });
  session.learning.start("10m");
  await settled(session);
  const { line, failed } = session.learning.progress() ?? {};
  assert.equal(failed, true);
  assert.match(line ?? "", /^Learning failed: expected boxes, clicks or strokes/);
  assert.ok(!fs.existsSync(path.join(root, "Labels")));
  session.close();
});
