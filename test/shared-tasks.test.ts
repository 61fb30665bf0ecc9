import assert from "node:assert/strict";
import test from "node:test";
import { aloneWithTasks, leadTasks, taskControl } from "../src/dense-crf/shared-tasks";
import { createThreadPool } from "../src/parallel/thread-pool";
import type { FollowRequest } from "./fixtures/task-follower";

/** The phases of one run: kind, argument and count of each. */
const PHASES = Array.from({ length: 500 }, (_, i) => [1 + (i % 3), i % 4, (i * 7) % 40] as const);

test("every task is done once, by whichever thread comes to it, and a phase ends with its last task", async () => {
  const pool = createThreadPool<FollowRequest, undefined>(require.resolve("./fixtures/task-follower"), 1);
  const done = new Int32Array(new SharedArrayBuffer(64 * 4));
  const follower = done.length - 1;
  const deadline = performance.now() + 30_000;
  let begun = false;
  while (!begun && performance.now() < deadline) {
    const control = taskControl();
    const following = pool.ask({ control, done });
    const lead = leadTasks(control);
    const wanted = new Int32Array(done.length).fill(0);
    done.fill(0);
    for (const [kind, argument, count] of PHASES) {
      lead.run(kind, argument, count, (index) => {
        Atomics.add(done, argument + index, kind);
        if (index % 8 === 0) Atomics.wait(done, 0, done[0], 0.05); // some take longer
      });
      for (let index = 0; index < count; index++) wanted[argument + index] += kind;
      assert.deepEqual([...done.subarray(0, follower)], [...wanted.subarray(0, follower)]);
    }
    lead.end();
    await following;
    begun = done[follower] > 0;
  }
  assert.ok(begun, "the follower has done some of them");
  await pool.close();
});

test("a lead whose follower never comes does all tasks, and one by itself does them in their order", () => {
  for (const lead of [leadTasks(taskControl()), aloneWithTasks]) {
    const seen: number[] = [];
    lead.run(1, 0, 5, (index, thread) => seen.push(index, thread));
    lead.run(2, 0, 0, () => assert.fail("there is none"));
    lead.end();
    assert.deepEqual(seen, [0, 0, 1, 0, 2, 0, 3, 0, 4, 0]);
  }
});
