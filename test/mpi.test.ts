import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { findMpi } from "../src/setup/mpi";

const mpi = findMpi();

test("processes whose heap cannot grow start, and their heap's end stays where it is", {
  skip: mpi === undefined,
}, () => {
  const words = ["-n", "2", process.execPath, "--import", "tsx", path.join(__dirname, "full-heap-rank.ts")];
  const { UCX_MEM_EVENTS, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(mpi?.mpiexec ?? "", words, { encoding: "utf8", env });
  assert.equal(status, 0, stderr);
  assert.deepEqual(stdout.trim().split("\n").sort(), [
    "process 0 of 2: sum 3, heap moved by 0",
    "process 1 of 2: sum 3, heap moved by 0",
  ]);
});
