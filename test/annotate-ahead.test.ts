import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import sharp from "sharp";
import { type KeptPhotographs, keepPhotographs } from "../src/annotate/kept-photographs";
import { createWorkAhead } from "../src/annotate/work-ahead";
import { useBackend } from "../src/backend";
import { planGraph } from "../src/label-photograph/photograph-graph";

/** What the computing process keeps of photographs, and what it makes ahead of the strokes. */

const options = { features: "handcrafted" } as const;
const [WIDTH, HEIGHT] = [64, 48];
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ahead-"));
const file = (index: number): string => path.join(folder, `${index}.png`);
const photographs = (...indices: number[]): { name: string; file: string }[] =>
  indices.map((index) => ({ name: String(index), file: file(index) }));
let kept: KeptPhotographs;

before(async () => {
  await useBackend("native", { threads: 1 });
  for (let index = 0; index < 6; index++) {
    const data = Uint8Array.from(
      { length: 3 * WIDTH * HEIGHT },
      (_, i) => ((i % (3 * WIDTH) < 90 ? 200 : 40) + index) % 256,
    );
    await sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
      .png()
      .toFile(file(index));
  }
});
beforeEach(() => {
  kept = keepPhotographs(3);
});
after(() => fs.rmSync(folder, { recursive: true }));

const build = async (index: number): Promise<number> => {
  const photograph = await kept.take(file(index), String(index));
  const graph = await kept.graphOf(photograph, photograph.image, planGraph("scribble", options));
  return graph.features.id;
};

test("three photographs are kept, the ones asked for last; the tensors of the others are freed", async () => {
  const before = tf.memory().numTensors;
  const counts: number[] = [];
  for (const index of [0, 1, 2, 3, 4, 5, 4, 3, 0, 1, 2]) {
    await build(index);
    counts.push(tf.memory().numTensors - before);
  }
  assert.deepEqual(counts, [1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3]);
  assert.deepEqual(kept.files(), [0, 1, 2].map(file));
  assert.equal(await build(1), await build(1));
  assert.deepEqual(kept.files(), [0, 2, 1].map(file));
  await kept.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test("ahead of the strokes: the open photograph, the one after it, the full label's graph; nothing twice", async () => {
  const before = tf.memory().numTensors;
  const ahead = createWorkAhead(kept, () => false);
  ahead.plan({ photographs: photographs(0, 1), options });
  await ahead.run();
  assert.ok(ahead.isDone);
  assert.deepEqual(kept.files(), [1, 0].map(file)); // the open one's full label came last
  const held = tf.memory().numTensors;
  // So small a photograph has one graph for both labels, and another for boxes.
  assert.equal(held - before, 3);
  ahead.plan({ photographs: photographs(0, 1), options });
  await ahead.run();
  assert.equal(tf.memory().numTensors, held);
  await kept.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test("a label that is asked for interrupts the work ahead, which is taken up again; a photograph that is opened replaces it", async () => {
  let wanted = false;
  const ahead = createWorkAhead(kept, () => wanted);
  ahead.plan({ photographs: photographs(0, 1), options });
  const running = ahead.run();
  wanted = true;
  ahead.interrupt();
  await running;
  assert.ok(!ahead.isDone);
  assert.deepEqual(kept.files(), []);
  wanted = false;
  const again = ahead.run();
  ahead.plan({ photographs: photographs(4), options });
  await again;
  assert.ok(ahead.isDone);
  assert.deepEqual(kept.files(), [file(4)]);
  await kept.dispose();
});

test("a photograph that cannot be read stops nothing that comes after it", async () => {
  const ahead = createWorkAhead(kept, () => false);
  ahead.plan({ photographs: [{ name: "none", file: path.join(folder, "none.png") }, ...photographs(2)], options });
  await ahead.run();
  assert.ok(ahead.isDone);
  assert.deepEqual(kept.files(), [file(2)]);
  await kept.dispose();
});
