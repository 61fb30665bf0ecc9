import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import test from "node:test";
import { createThreadPool } from "../src/parallel/thread-pool";

type Request = { task: string; values: Uint8Array };
const module = require.resolve("./fixtures/pool-thread");
const values = Uint8Array.of(1, 2);

test("every request gets its own answer, on any number of threads", async () => {
  for (const threads of [1, 3]) {
    const pool = createThreadPool<Request, Uint8Array>(module, threads);
    const requests = Array.from({ length: 9 }, (_, i) => ({ task: "add", values: Uint8Array.of(i) }));
    const answers = await Promise.all(requests.map((request) => pool.ask(request)));
    assert.deepEqual(
      answers.map((answer) => answer[0]),
      [1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
    await pool.close();
  }
});

test("errors keep their kind, and a dead thread is replaced", async () => {
  const pool = createThreadPool<Request, Uint8Array>(module, 1);
  await assert.rejects(pool.ask({ task: "user error", values }), { name: "UserError", code: "input" });
  await assert.rejects(pool.ask({ task: "bug", values }), /a bug/);
  await assert.rejects(pool.ask({ task: "die", values }), /the thread ended/);
  assert.deepEqual(await pool.ask({ task: "add", values }), Uint8Array.of(2, 3));
  await pool.close();
});

test("closing rejects what still waits", async () => {
  const pool = createThreadPool<Request, Uint8Array>(module, 1);
  const outcomes = Promise.allSettled([1, 2, 3].map(() => pool.ask({ task: "add", values })));
  await pool.close();
  assert.ok((await outcomes).some((outcome) => outcome.status === "rejected"));
});

test("closing comes to its end, whatever the threads are at: the process must not run dry meanwhile", () => {
  const script = require.resolve("./fixtures/close-pools");
  assert.equal(execFileSync(process.execPath, ["--import", "tsx", script], { encoding: "utf8" }), "closed\n");
});
