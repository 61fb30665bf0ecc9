import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
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
    ...["README.md", "environment.md", "CHANGELOG.md", "LICENSE", "SECURITY.md", "docs/licences.md", "bin/a2gnn.cjs"],
    ...["dist/tensorflow-types/index.d.ts", "dist/tensorflow-types/core/tensor.d.ts"],
  ])
    assert.ok(files.includes(file), `${file} is missing in the package`);
  for (const file of files) assert.doesNotMatch(file, /^(src|test|bench|notebooks|scripts|out)\/|\.tgz$|\.prepared$/);
});

test("docs/licences.md is that of the lock file, and so is the bill of materials", () => {
  const { status, stderr } = run("scripts/licences.cjs", "--check");
  assert.equal(status, 0, stderr);
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-sbom-")), "sbom.json");
  const made = run("scripts/sbom.cjs", file);
  assert.equal(made.status, 0, made.stderr);
  const { metadata, components } = JSON.parse(fs.readFileSync(file, "utf8"));
  fs.rmSync(path.dirname(file), { recursive: true });
  assert.deepEqual([metadata.component.name, metadata.component.version], ["a2gnn", manifest.version]);
  const packages = new Map<string, string>(
    components.map((each: { name: string; version: string }) => [each.name, each.version]),
  );
  for (const [name, version] of Object.entries(manifest.dependencies)) {
    const [scope, bare] = name.startsWith("@") ? name.split("/") : [undefined, name];
    const found = packages.get(name) ?? packages.get(bare) ?? packages.get(`${scope}/${bare}`);
    assert.equal(found, version, name);
  }
});

test("public types compile without skipLibCheck, with a browser's names and without, and TensorFlow's own are not asked", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-types-"));
  const modules = path.join(folder, "node_modules");
  const packed = path.join(modules, "a2gnn");
  fs.mkdirSync(path.join(modules, "@types"), { recursive: true });
  fs.mkdirSync(packed);
  fs.copyFileSync(path.join(root, "package.json"), path.join(packed, "package.json"));
  fs.cpSync(path.join(root, "dist"), path.join(packed, "dist"), { recursive: true, filter: (file) => !file.endsWith(".js") }); // biome-ignore format: one row
  for (const name of ["@types/node", "undici-types"]) fs.symlinkSync(path.join(root, "node_modules", name), path.join(modules, name)); // biome-ignore format: one row
  fs.writeFileSync(
    path.join(folder, "use.ts"),
    `import { labelPhotograph, type LabelPhotographOptions, makePseudoLabels, tf, UserError, useBackend } from "a2gnn";
import { showPictures } from "a2gnn/notebook";
export async function use(options: LabelPhotographOptions): Promise<number> {
  await useBackend();
  if (options === undefined) throw new UserError("usage", makePseudoLabels.name);
  const sum: tf.Scalar = tf.zeros([2, 2]).add(1).sum();
  return typeof labelPhotograph === typeof showPictures ? sum.rank : 0;
}
`,
  );
  for (const lib of [["es2022"], ["es2022", "dom"]]) {
    const compilerOptions = { module: "nodenext", target: "es2022", lib, strict: true, skipLibCheck: false, noEmit: true, types: [] }; // biome-ignore format: one row
    fs.writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.ts"] }));
    const { status, stdout } = run(path.join(root, "node_modules/typescript/bin/tsc"), "-p", folder);
    assert.equal(status, 0, stdout.slice(0, 2000));
  }
  fs.rmSync(folder, { recursive: true });
});
