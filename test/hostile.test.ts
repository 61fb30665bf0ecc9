/** Files at which a reader once failed, or that lie about themselves: every reader reads each of them or refuses it by name. */

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { EXPENSIVE, writeExpensive } from "../scripts/torture/expensive";
import { HOSTILE, tryHostile } from "../scripts/torture/hostile";
import { mutated } from "../scripts/torture/mutate";
import { READERS } from "../scripts/torture/readers";
import { UserError } from "../src/errors";
import { Random } from "../src/random";

test("every reader answers to every hostile file in words, and nothing in a file is executed", async () => {
  const before = fs.readdirSync(process.cwd());
  const trials = await tryHostile();
  assert.equal(trials.length, fs.readdirSync(HOSTILE).length);
  for (const { what, failures } of trials) assert.deepEqual(failures, [], what);
  const refused = (name: string): number => trials.find(({ what }) => what === name)?.refused ?? 0;
  for (const name of ["two-headers-of-two-sizes.png", "pickle-that-calls.npy", "nested-deep.json"])
    assert.ok(refused(name) >= READERS.length - 5, `${name} is refused by those who understand its kind`);
  assert.deepEqual(fs.readdirSync(process.cwd()), before);
});

test("a file's damage follows from the seed, and the good file stays", () => {
  const good = fs.readFileSync(path.join(HOSTILE, "log-with-torn-rows.csv"));
  const copy = Buffer.from(good);
  const once = Array.from({ length: 50 }, (_, seed) => mutated(good, new Random(seed)).toString("hex"));
  const again = Array.from({ length: 50 }, (_, seed) => mutated(good, new Random(seed)).toString("hex"));
  assert.deepEqual(once, again);
  assert.ok(new Set(once).size > 45);
  assert.deepEqual(good, copy);
});

test("files that once cost out of proportion are read or refused in words", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-expensive-"));
  for (const each of EXPENSIVE) {
    const file = path.join(folder, each.file);
    writeExpensive(each, file, 1e-3);
    const answer = await each.read(file).then(
      () => "read",
      (error: unknown) => (error instanceof UserError ? "refused" : String(error)),
    );
    assert.match(answer, /^(read|refused)$/, each.name);
    fs.rmSync(file);
  }
  fs.rmSync(folder, { recursive: true });
});
