import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { replaceAtomic, writeAtomic } from "../src/atomic-write";

test("files appear whole, replace what was there, and make their folder", async () => {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "atomic-"));
  const file = path.join(folder, "new", "a.txt");
  await writeAtomic(file, "one");
  await Promise.all([writeAtomic(file, "two"), writeAtomic(file, "two")]);
  assert.equal(await fs.readFile(file, "utf8"), "two");
  assert.deepEqual(await fs.readdir(path.dirname(file)), ["a.txt"]);
  await fs.rm(folder, { recursive: true });
});

test("a failing write leaves the old file and no rest", async () => {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "atomic-"));
  const file = path.join(folder, "a.txt");
  await writeAtomic(file, "old");
  const failing = replaceAtomic(file, async (temporary) => {
    await fs.writeFile(temporary, "half");
    throw new Error("disk full");
  });
  await assert.rejects(failing, /cannot write .*a\.txt: disk full/);
  assert.equal(await fs.readFile(file, "utf8"), "old");
  assert.deepEqual(await fs.readdir(folder), ["a.txt"]);
  await assert.rejects(writeAtomic(path.join(file, "b.txt"), "x"), { name: "UserError", code: "output" });
  await fs.rm(folder, { recursive: true });
});

test("a disk that is mounted read-only is named as such, for files and for folders that are to be made", async (t) => {
  const disk = await fs.mkdtemp(path.join(os.tmpdir(), "read-only-"));
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "ro,size=64k", "none", disk]).status !== 0) {
    await fs.rm(disk, { recursive: true });
    return t.skip("mounting needs root");
  }
  try {
    for (const file of ["a.txt", "new/folder/a.txt"])
      await assert.rejects(writeAtomic(path.join(disk, file), "x"), {
        code: "output",
        message: new RegExp(`cannot write .*a\\.txt: .*; ${disk} lies on a disk that is mounted read-only`),
      });
  } finally {
    spawnSync("umount", [disk]);
    await fs.rm(disk, { recursive: true });
  }
});

test("flushing can be left out, and the files are the same", async () => {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "atomic-"));
  process.env.A2GNN_SYNC = "false";
  try {
    await writeAtomic(path.join(folder, "a.txt"), "one");
  } finally {
    delete process.env.A2GNN_SYNC;
  }
  assert.equal(await fs.readFile(path.join(folder, "a.txt"), "utf8"), "one");
  await fs.rm(folder, { recursive: true });
});
