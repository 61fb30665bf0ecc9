import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { npmCommand } from "../src/setup/npm-command";

const root = path.resolve(__dirname, "..");
const manifest = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));

/** The package as others get it; `npm test` has built it. */
function run(...words: string[]) {
  return spawnSync(process.execPath, words, { cwd: root, encoding: "utf8" });
}

test("nothing runs at install time, and tfjs-node is no dependency", () => {
  for (const name of ["preinstall", "install", "postinstall", "prepare"])
    assert.equal(manifest.scripts[name], undefined);
  const names = Object.keys({
    ...manifest.dependencies,
    ...manifest.optionalDependencies,
    ...manifest.peerDependencies,
  });
  assert.deepEqual(
    names.filter((name) => name.includes("tfjs-node")),
    [],
  );
});

test("every npm script prepares first", () => {
  for (const [name, line] of Object.entries(manifest.scripts))
    assert.match(String(line), /^node scripts\/prepare\.cjs/, name);
});

test("lock files hold exact versions and no download address", () => {
  for (const version of Object.values({ ...manifest.dependencies, ...manifest.devDependencies }))
    assert.match(String(version), /^\d/);
  assert.doesNotMatch(fs.readFileSync(path.join(root, "package-lock.json"), "utf8"), /"resolved": "http/);
});

test("the library loads from CommonJS and, by its names, from ES modules", () => {
  const names = "useBackend, makePseudoLabels, evaluate, UserError";
  const say = `process.stdout.write([${names}].map((each) => typeof each).join())`;
  const commonJs = run("-e", `const { ${names} } = require("a2gnn"); ${say}`);
  assert.equal(commonJs.stdout, "function,object,object,function", commonJs.stderr);
  const module = run("--input-type=module", "-e", `import { ${names} } from "a2gnn"; ${say}`);
  assert.equal(module.stdout, "function,object,object,function", module.stderr);
});

test("the command runs as a program of its own", () => {
  const { stdout, stderr } = spawnSync(path.join(root, manifest.bin.a2gnn), ["--version"], { encoding: "utf8" });
  assert.equal(stdout, `${manifest.version}\n`, stderr);
});

test("what is packed: the build, the recipes of the native backend, the demo's data; no sources, no tests", () => {
  const npm = npmCommand();
  const words = [...npm.words, "pack", "--dry-run", "--json", "--ignore-scripts", "--loglevel=error"];
  const { stdout, stderr } = spawnSync(npm.command, words, { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 });
  const files: string[] = JSON.parse(stdout || assert.fail(stderr))[0].files.map((file: { path: string }) => file.path);
  for (const file of [
    ...["dist/index.js", "dist/index.d.ts", "dist/cli.js", "data/mini/ImageSets/Segmentation/train.txt"],
    ...["cpu", "gpu"].flatMap((kind) =>
      ["package.json", "package-lock.json", "wheels.txt"].map((name) => `native/${kind}/${name}`),
    ),
    ...["native/mpi/wheels.txt", "native/tfjs/index.js", "native/quiet/quiet.cc", "native/unpack_wheels.py"],
    ...["README.md", "environment.md", "CHANGELOG.md", "LICENSE"],
  ])
    assert.ok(files.includes(file), `${file} is missing in the package`);
  for (const file of files) assert.doesNotMatch(file, /^(src|test|bench|notebooks|scripts|out)\/|\.tgz$|\.prepared$/);
});
