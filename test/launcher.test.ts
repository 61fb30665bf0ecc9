/** A rank in the environment counts where a launcher has started the process, and is noticed where it is left over. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-launcher-"));
after(() => fs.rmSync(work, { recursive: true }));

const script = path.join(work, "rank.cjs");
const module = JSON.stringify(path.join(__dirname, "../src/parallel/local-rank.ts"));
fs.writeFileSync(
  script,
  `const r = require(${module}); console.log(JSON.stringify([r.launchedRank() ?? null, r.leftOverRank() ?? null]));`,
);

function ask(launcher: readonly string[], environment: Record<string, string>): [unknown, string | null] {
  const [command, ...words] = [...launcher, process.execPath, "--import", "tsx", script];
  const { stdout, stderr } = spawnSync(command, words, {
    encoding: "utf8",
    cwd: path.join(__dirname, ".."),
    env: { PATH: process.env.PATH, ...environment },
  });
  assert.ok(stdout, stderr);
  return JSON.parse(stdout) as [unknown, string | null];
}

const skip = process.platform !== "linux" && "only Linux tells a process's ancestors";

test("variables without a launcher are not obeyed, and told", { skip }, () => {
  for (const [rank, size] of [
    ["PMI_RANK", "PMI_SIZE"],
    ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"],
  ]) {
    const [launched, told] = ask([], { [rank]: "1", [size]: "2" });
    assert.equal(launched, null);
    assert.match(told ?? "", new RegExp(`^${rank}=1 is in the environment, but no launcher`));
  }
  assert.deepEqual(ask([], {}), [null, null]);
});

test("a launcher among the ancestors, however far above, makes them count", { skip }, () => {
  const launcher = path.join(work, "mpiexec");
  fs.writeFileSync(launcher, '#!/bin/sh\n/bin/sh -c \'"$@"; true\' sh "$@"\ntrue\n', { mode: 0o755 });
  const [launched, told] = ask([launcher], {
    PMI_RANK: "1",
    PMI_SIZE: "2",
    MPI_LOCALRANKID: "1",
    MPI_LOCALNRANKS: "2",
  });
  assert.deepEqual(launched, { rank: 1, size: 2, localRank: 1, localSize: 2 });
  assert.equal(told, null);
});
