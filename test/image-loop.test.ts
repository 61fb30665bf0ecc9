import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { UserError } from "../src/errors";
import type { ProgressUpdate } from "../src/running/reporter";
import { type ImageLoop, runImageLoop } from "../src/steps/loop/image-loop";

interface Recorded {
  readonly loop: ImageLoop<string, string>;
  readonly log: string[];
  readonly written: Set<string>;
  /** Images between the start of `prepare` and the end of `finish`, at most. */
  inMemory(): number;
}

function record(ids: string[], overrides: Partial<ImageLoop<string, string>> = {}, there: string[] = []): Recorded {
  const log: string[] = [];
  const written = new Set(there);
  let held = 0;
  let most = 0;
  const stage = async (word: string, id: string): Promise<void> => {
    log.push(`${word} ${id}`);
    for (let i = 0; i < 3; i++) await turn();
    log.push(`/${word} ${id}`);
  };
  const loop: ImageLoop<string, string> = {
    ids,
    output: { isDone: async (id) => written.has(id) },
    prepare: async (id) => {
      held++;
      most = Math.max(most, held);
      await stage("prepare", id);
      return `p${id}`;
    },
    compute: async (id, prepared) => {
      assert.equal(prepared, `p${id}`);
      await stage("compute", id);
      return `c${id}`;
    },
    finish: async (id, computed) => {
      assert.equal(computed, `c${id}`);
      await stage("finish", id);
      written.add(id);
      held--;
    },
    ...overrides,
  };
  return { loop, log, written, inMemory: () => most };
}

const silent = { notice() {}, warn() {}, progress() {}, finish() {} };

test("stages overlap, each image passes all of them once, few are held", async () => {
  const ids = [..."abcdefgh"];
  const { loop, log, inMemory } = record(ids);
  const result = await runImageLoop(loop, { reporter: silent });
  assert.deepEqual(result, { done: 8, skipped: 0, failed: [], left: 0, kept: 0 });
  for (const id of ids) assert.equal(log.filter((line) => line.endsWith(` ${id}`)).length, 6);
  const between = (word: string, from: string, to: string): boolean =>
    log.indexOf(word) > log.indexOf(from) && log.indexOf(word) < log.indexOf(to);
  assert.ok(between("prepare b", "prepare a", "/compute a"), "the next image is prepared during the computation");
  assert.ok(between("finish a", "compute a", "/compute b"), "the last image is finished during the computation");
  assert.ok(inMemory() <= 3, `${inMemory()} images held`);
});

test("what is there is skipped, and progress starts behind it", async () => {
  const updates: ProgressUpdate[] = [];
  const { loop, log } = record([..."abc"], {}, ["a", "c"]);
  const result = await runImageLoop(loop, { reporter: { ...silent, progress: (update) => updates.push(update) } });
  assert.deepEqual([result.done, result.skipped], [1, 2]);
  assert.ok(log.every((line) => line.endsWith(" b")));
  assert.deepEqual(
    updates.map(({ done, total }) => `${done}/${total}`),
    ["2/3", "3/3"],
  );
});

test("an image that another process finished in the meantime is skipped", async () => {
  const { loop, written } = record([..."abc"]);
  const compute = loop.compute;
  const result = await runImageLoop(
    {
      ...loop,
      compute: (id, prepared, say) => {
        written.add("c");
        return compute(id, prepared, say);
      },
    },
    { reporter: silent },
  );
  assert.deepEqual([result.done, result.skipped], [2, 1]);
});

test("a failure in any stage is named, the rest continues", async () => {
  const { loop, written } = record([..."abcde"]);
  const warnings: string[] = [];
  const failing = <A extends unknown[], R>(id: string, error: Error, work: (id: string, ...rest: A) => Promise<R>) => {
    return (given: string, ...rest: A): Promise<R> => (given === id ? Promise.reject(error) : work(given, ...rest));
  };
  const result = await runImageLoop(
    {
      ...loop,
      prepare: failing("b", new UserError("input", "no such JPEG"), loop.prepare),
      compute: failing("c", new TypeError("bug"), loop.compute),
      finish: failing("e", new UserError("output", "disk full"), loop.finish),
    },
    { reporter: { ...silent, warn: (message) => warnings.push(message) } },
  );
  assert.deepEqual([result.done, result.skipped, result.left], [2, 0, 0]);
  assert.deepEqual([...written], ["a", "d"]);
  assert.deepEqual(
    result.failed.map(({ image }) => image),
    ["b", "c", "e"],
  );
  assert.equal(result.failed[0].reason, "no such JPEG");
  assert.match(result.failed[1].reason, /^TypeError: bug \(at /);
  assert.match(warnings.join("\n"), /image "b": no such JPEG[\s\S]*image "c"[\s\S]*image "e": disk full/);
});

test("a full disk ends the loop: no image is computed only to be thrown away", async () => {
  const { loop, written } = record([..."abcdefgh"]);
  const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  const finish = async (id: string, computed: string): Promise<void> => {
    if (id >= "c") throw new UserError("output", `cannot write ${id}`, { cause: full });
    await loop.finish(id, computed);
  };
  const result = await runImageLoop({ ...loop, finish }, { reporter: silent });
  assert.deepEqual([...written], ["a", "b"]);
  assert.equal(result.failed[0].image, "c");
  assert.ok(result.left > 0 && result.done + result.failed.length + result.left === 8);
});

test("an abort finishes the image in hand and starts no other", async () => {
  const { loop, written } = record([..."abcd"]);
  const controller = new AbortController();
  const compute = loop.compute;
  const result = await runImageLoop(
    {
      ...loop,
      compute: (id, prepared, say) => {
        if (id === "b") controller.abort();
        return compute(id, prepared, say);
      },
    },
    { reporter: silent, signal: controller.signal },
  );
  assert.deepEqual(result, { done: 2, skipped: 0, failed: [], left: 2, kept: 0 });
  assert.deepEqual([...written], ["a", "b"]);
});

test("an empty list and an abort before the start", async () => {
  const { loop } = record([]);
  assert.deepEqual(await runImageLoop(loop, { reporter: silent }), {
    done: 0,
    skipped: 0,
    failed: [],
    left: 0,
    kept: 0,
  });
  const stopped = await runImageLoop(record([..."ab"]).loop, { reporter: silent, signal: AbortSignal.abort() });
  assert.deepEqual([stopped.done, stopped.left], [0, 2]);
});

test("several images in flight: all done once, begun in the list's order, no more at once than asked", async () => {
  const ids = [..."abcdefghij"];
  for (const inFlight of [1, 2, 3, 20]) {
    let computing = 0;
    let most = 0;
    const begun: string[] = [];
    const { loop, log, inMemory } = record(ids, {
      inFlight,
      compute: async (id) => {
        begun.push(id);
        computing++;
        most = Math.max(most, computing);
        for (let i = 0; i < 3 + (id.charCodeAt(0) % 4); i++) await turn();
        computing--;
        if (id === "d") throw new UserError("input", "no d");
        return `c${id}`;
      },
    });
    const result = await runImageLoop(loop, { reporter: silent });
    assert.deepEqual(result, { done: 9, skipped: 0, failed: [{ image: "d", reason: "no d" }], left: 0, kept: 0 });
    assert.deepEqual(begun, ids);
    assert.equal(most, Math.min(inFlight, ids.length));
    assert.ok(inMemory() <= inFlight + 3, `${inMemory()} in memory with ${inFlight} in flight`);
    for (const id of ids) assert.equal(log.filter((line) => line === `prepare ${id}`).length, 1);
  }
});

test("an abort with several images in flight finishes those in hand", async () => {
  const controller = new AbortController();
  const { loop, log } = record([..."abcdefgh"], { inFlight: 3 });
  const finish = loop.finish;
  const result = await runImageLoop(
    {
      ...loop,
      finish: async (id, computed) => {
        controller.abort();
        await finish(id, computed);
      },
    },
    { reporter: silent, signal: controller.signal },
  );
  const begun = log.filter((line) => line.startsWith("compute")).length;
  assert.equal(result.done, begun);
  assert.ok(begun >= 3 && begun <= 6);
  assert.equal(result.left, 8 - begun);
});

test("what a stop left undone, what was kept and what the output has to say are told by the loop, in a plan too", async () => {
  const told: string[] = [];
  const controller = new AbortController();
  const { loop } = record(["a", "b", "c", "d"]);
  const output = {
    ...loop.output,
    lastNotices: async () => ["b is somebody's own"],
    kept: () => 1,
  };
  const ended = {
    ...loop,
    output,
    notice: (message: string) => void told.push(message),
    compute: async (id: string, prepared: string) => {
      if (id === "b") controller.abort();
      return loop.compute(id, prepared, () => undefined);
    },
  };
  const result = await runImageLoop(ended, { reporter: silent, signal: controller.signal });
  assert.deepEqual([result.done, result.left, result.kept], [2, 2, 1]);
  assert.deepEqual(told.splice(0), [
    "stopped: 2 images not begun; the same command labels them",
    "b is somebody's own",
  ]);
  const plans: unknown[] = [];
  await runImageLoop(ended, { reporter: silent, plan: (made) => void plans.push(made) });
  assert.deepEqual([plans.length, told], [1, ["b is somebody's own"]]);
});
