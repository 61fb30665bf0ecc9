import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { findNotebookKernel } from "../src/setup/jupyter";
import { findMpi } from "../src/setup/mpi";
import { doctor } from "../src/steps/doctor";

const empty = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-doctor-test-"));
after(() => fs.rmSync(empty, { recursive: true, force: true }));

function commandLine(words: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const cli = path.resolve(__dirname, "../src/cli.ts");
  return spawnSync(process.execPath, ["--import", "tsx", cli, ...words], {
    cwd: path.resolve(__dirname, ".."),
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
}

const names = [
  ...["a2gnn", "Node.js", "Linux with glibc", "Python 3.10 or newer", "pip", "C++ compiler", "native backend"],
  ...["backend in use", "threads", "GPU", "CUDA backend", "ImageNet backbone", "MPI", "Jupyter kernel", "disk cache"],
];

test("on a machine that is set up every needed line is ok, and what is missing says how to get it", async () => {
  const summary = await doctor.run({});
  assert.deepEqual(
    summary.checks.map(({ name }) => name),
    names,
  );
  assert.deepEqual(summary.failed, []);
  for (const { name, ok, found, how } of summary.checks) {
    assert.notEqual(found, "", name);
    if (!ok) assert.notEqual(how, "", name);
  }
  const text = doctor.describe?.(summary) ?? "";
  for (const line of text.split("\n")) assert.match(line, /^(ok|missing) {2,}\S|^ +→ \S|^ {20,}\S/);
  assert.ok(
    text.split("\n").every((line) => [...line].length <= 80 || !line.trim().includes(" ") || line.includes("/")),
  );
  assert.match(text, /^ok +backend in use +native \(the default\): TensorFlow [\d.]+$/m);
});

test("without the native backend it fails, and names the command", () => {
  const { status, stdout } = commandLine(["doctor"], { A2GNN_CACHE: empty });
  assert.equal(status, 1);
  assert.match(stdout, /^MISSING +native backend +not set up\n +→ npx a2gnn setup \(\d+ MB to download\)$/m);
  assert.match(stdout, /^MISSING +backend in use +none: /m);
});

test("--backend cpu needs no set-up; --json prints the summary alone", () => {
  const { status, stdout } = commandLine(["doctor", "--backend", "cpu", "--json"], { A2GNN_CACHE: empty });
  assert.equal(status, 0);
  const { step, checks } = JSON.parse(stdout) as { step: string; checks: { name: string; found: string }[] };
  assert.equal(step, "doctor");
  assert.equal(checks.find(({ name }) => name === "backend in use")?.found, "cpu (asked for): plain JavaScript");
});

test("set-up on a machine without Python and compiler fails by name, without a stack", () => {
  const { status, stderr } = commandLine(["setup"], { A2GNN_CACHE: empty, PATH: empty });
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^a2gnn: the native backend cannot be set up yet:\n {2}Python 3.10 or newer: not found\. Install/m,
  );
  assert.match(stderr, /C\+\+ compiler/);
  assert.doesNotMatch(stderr, /^\s+at /m);
});

test("the machine's own MPI is found on the path, with its library", () => {
  const bin = path.join(empty, "mpi/bin");
  fs.mkdirSync(bin, { recursive: true });
  fs.mkdirSync(path.join(empty, "mpi/lib"));
  fs.writeFileSync(path.join(empty, "mpi/lib/libmpi_abi.so.1"), "");
  fs.writeFileSync(path.join(bin, "mpiexec"), "#!/bin/sh\necho 'Some MPI 7.0'\n", { mode: 0o755 });
  const env = { PATH: bin, A2GNN_CACHE: path.join(empty, "none") };
  assert.equal(findMpi(env)?.version, "Some MPI 7.0");
  assert.equal(path.normalize(findMpi(env)?.library ?? ""), path.join(empty, "mpi/lib/libmpi_abi.so.1"));
  assert.equal(findMpi({ ...env, PATH: "" }), undefined);
});

test("the notebooks' kernel is found where Jupyter would look", () => {
  const home = path.join(empty, "home");
  const env = { HOME: home, PATH: "" };
  assert.equal(findNotebookKernel(env, empty, empty), undefined);
  const kernel = path.join(home, ".local/share/jupyter/kernels/tslab");
  fs.mkdirSync(kernel, { recursive: true });
  fs.writeFileSync(path.join(kernel, "kernel.json"), "{}");
  assert.equal(findNotebookKernel(env, empty, empty), kernel);
});
