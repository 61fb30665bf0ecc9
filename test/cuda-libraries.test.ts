import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { UserError } from "../src/errors";
import {
  CUDA_LIBRARIES,
  findCudaLibraries,
  firstProblem,
  linkCudaLibraries,
  openCudaLibraries,
  requireCudaLibraries,
} from "../src/setup/cuda-libraries";
import { findCompiler } from "../src/setup/prerequisites";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-cuda-libraries-"));
const environment = path.join(work, "environment");
const packages = path.join(environment, "lib/python3.11/site-packages/nvidia");

/** Libraries of nothing but a version, in the layout of NVIDIA's wheels in a Python environment. */
before(() => {
  const { command, words } = findCompiler();
  for (const [name, version] of [
    ["new", 92800],
    ["old", 90100],
  ] as const) {
    const source = path.join(work, `${name}.cc`);
    fs.writeFileSync(source, `extern "C" unsigned long cudnnGetVersion() { return ${version}; }\n`);
    execFileSync(command, [...words, "-shared", "-fPIC", "-o", path.join(work, `${name}.so`), source]);
  }
  for (const { soname, part } of CUDA_LIBRARIES) copyLibrary("new", path.join(packages, part, "lib"), soname);
  copyLibrary("new", path.join(packages, "cudnn/lib"), "libcudnn_ops.so.9");
});

after(() => fs.rmSync(work, { recursive: true }));

function copyLibrary(of: string, folder: string, name: string): void {
  fs.mkdirSync(folder, { recursive: true });
  fs.copyFileSync(path.join(work, `${of}.so`), path.join(folder, name));
}

test("the libraries of a Python environment are found, opened and linked into the layout of the wheels", () => {
  const found = requireCudaLibraries(environment);
  const opened = openCudaLibraries(found);
  assert.deepEqual(
    opened.map(({ soname, version, problem }) => [soname, version, problem]),
    CUDA_LIBRARIES.map(({ soname }) => [
      soname,
      soname === "libcudnn.so.9" ? "9.28" : soname.split(".so.")[1],
      undefined,
    ]),
  );
  const deps = path.join(work, "deps");
  linkCudaLibraries(found, deps);
  const linked = findCudaLibraries(deps);
  assert.equal(linked.files.size, CUDA_LIBRARIES.length);
  for (const file of [...linked.files.values(), path.join(deps, "nvidia/cudnn/lib/libcudnn_ops.so.9")])
    assert.ok(fs.realpathSync(file).startsWith(fs.realpathSync(packages)), file);
});

test("a flat folder of a toolkit serves too", () => {
  const toolkit = path.join(work, "cuda");
  for (const { soname } of CUDA_LIBRARIES) copyLibrary("new", path.join(toolkit, "lib64"), soname);
  assert.equal(firstProblem(openCudaLibraries(findCudaLibraries(toolkit))), undefined);
});

test("what is missing, of another version, or no library is named, with all that was found", () => {
  const bad = path.join(work, "bad");
  fs.cpSync(environment, bad, { recursive: true });
  const nvidia = path.join(bad, "lib/python3.11/site-packages/nvidia");
  fs.renameSync(path.join(nvidia, "cublas/lib/libcublas.so.12"), path.join(nvidia, "cublas/lib/libcublas.so.13"));
  copyLibrary("old", path.join(nvidia, "cudnn/lib"), "libcudnn.so.9");
  fs.writeFileSync(path.join(nvidia, "cufft/lib/libcufft.so.11"), "no library");
  fs.rmSync(path.join(nvidia, "cusolver"), { recursive: true });
  const opened = new Map(openCudaLibraries(findCudaLibraries(bad)).map((each) => [each.soname, each]));
  assert.equal(opened.get("libcublas.so.12")?.problem, "not found, only libcublas.so.13");
  assert.equal(opened.get("libcusolver.so.11")?.problem, "not found");
  assert.match(opened.get("libcufft.so.11")?.problem ?? "", /too short/);
  assert.equal(opened.get("libcudnn.so.9")?.problem, "version 9.1, needs 9.3 or newer");
  assert.equal(opened.get("libcudart.so.12")?.problem, undefined);
  assert.equal(firstProblem([...opened.values()]), "libcublas.so.12: not found, only libcublas.so.13");
  assert.throws(
    () => requireCudaLibraries(bad),
    (error) =>
      error instanceof UserError && /MISSING +libcublas\.so\.12 +not found, only libcublas\.so\.13/.test(error.message),
  );
  assert.throws(() => requireCudaLibraries(path.join(work, "nowhere")), /there is no folder/);
});
