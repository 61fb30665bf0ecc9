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
  const { UCX_MEM_EVENTS, MPIR_CVAR_CH4_NETMOD, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(mpi?.mpiexec ?? "", words, { encoding: "utf8", env });
  assert.equal(status, 0, stderr);
  const lines = stdout.trim().split("\n").sort();
  assert.equal(lines.length, 2);
  for (const [rank, line] of lines.entries())
    assert.ok(line.startsWith(`process ${rank} of 2: sum 3, heap moved by 0, UCX`), line);
  if (mpi?.isOurs) for (const line of lines) assert.match(line, /UCX not in use/);
});
