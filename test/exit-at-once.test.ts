import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";

test("what was written arrives, the code is the one given, and nothing runs after it", () => {
  const module = path.join(__dirname, "../src/parallel/exit-at-once.ts");
  const code = `process.on("exit", () => console.log("late")); console.log("said"); require(${JSON.stringify(module)}).exitAtOnce(3); console.log("later");`;
  const { status, stdout } = spawnSync(process.execPath, ["--import", "tsx", "-e", code], { encoding: "utf8" });
  assert.deepEqual([status, stdout], [3, "said\n"]);
});
