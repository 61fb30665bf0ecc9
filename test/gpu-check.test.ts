import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { type Finding, runWork } from "../scripts/gpu-check/own-process";
import { formatCheck, markdownOf } from "../scripts/gpu-check/row";
import { differenceOf } from "../scripts/gpu-check/sections";

const root = path.resolve(__dirname, "..");
const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-gpu-check-test-"));
after(() => fs.rmSync(work, { recursive: true }));

async function run(text: string, limit: number): Promise<{ found: (Finding | string)[]; problem?: string }> {
  const script = path.join(work, "work.ts");
  const module = JSON.stringify(path.join(root, "scripts/gpu-check/own-process"));
  fs.writeFileSync(script, `import { sayFinding } from ${module};\n${text}\n`);
  const found: (Finding | string)[] = [];
  const { problem } = await runWork(path.relative(root, script), [], { limit }, (line) => found.push(line));
  return { found, problem };
}

test("a piece of work that hangs is ended at its limit, and what it found before is kept", async () => {
  const { found, problem } = await run(
    'sayFinding({ name: "first", value: 1, unit: "s" }); console.log("said"); setInterval(() => {}, 1000);',
    8,
  );
  assert.deepEqual(found, [{ name: "first", value: 1, unit: "s" }, "said"]);
  assert.equal(problem, "ended at its limit of 8 s");
});

test("a piece of work that fails says why", async () => {
  const { found, problem } = await run('sayFinding({ name: "first" }); throw new Error("no card left");', 60);
  assert.deepEqual(found, [{ name: "first" }]);
  assert.match(problem ?? "", /^ended with 1: .*no card left/);
});

test("differences: of losses the largest relative one, of labels the share of pixels", () => {
  assert.ok(Math.abs(differenceOf({ kind: "losses", values: [1, 2] }, { values: [1, 2.1] }) - 0.05) < 1e-12);
  assert.equal(differenceOf({ kind: "losses", values: [1, 2] }, { values: [1, Number.NaN] }), Infinity);
  assert.equal(differenceOf({ kind: "losses", values: [1, 2] }, { values: [1] }), Infinity);
  assert.equal(differenceOf({ kind: "label", values: [1, 2, 2, 0] }, { values: [1, 2, 3, 0] }), 0.25);
});

test("the table: sections in order, bars and line breaks kept out of its cells", () => {
  const rows = [
    { section: "goldens", name: "a|b", value: 0.0213, unit: "× tolerance", ok: true, note: "one\ntwo" },
    { section: "graph", name: "step", value: 123.4, unit: "s", ok: false },
    { section: "goldens", name: "c" },
  ];
  const table = markdownOf(rows, "title");
  assert.ok(table.includes("| a\\|b | 0.0213 × tolerance | ok | one; two |\n| c |  |  |  |"));
  assert.ok(table.includes("### graph\n\n| what | figure | | note |\n|---|---|---|---|\n| step | 123 s | FAILED |  |"));
  assert.match(formatCheck(rows[1]), /^FAILED step +123 s$/);
});
