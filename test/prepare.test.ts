import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";

const real = path.resolve(__dirname, "..");
const clone = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-prepare-test-"));
after(() => fs.rmSync(clone, { recursive: true, force: true }));

const write = (file: string, text: string): void => {
  fs.mkdirSync(path.dirname(path.join(clone, file)), { recursive: true });
  fs.writeFileSync(path.join(clone, file), text);
};
const isThere = (file: string): boolean => fs.existsSync(path.join(clone, file));

/** A clone of two source files, and a page, whose only packages are the real compiler, bundler, and the types of Node and TensorFlow. */
function makeClone(): void {
  write("scripts/prepare.cjs", fs.readFileSync(path.join(real, "scripts/prepare.cjs"), "utf8"));
  const types = "scripts/tensorflow-types.cjs";
  write(types, fs.readFileSync(path.join(real, types), "utf8"));
  write("tsconfig.json", fs.readFileSync(path.join(real, "tsconfig.json"), "utf8"));
  write("package.json", '{"name": "a2gnn", "version": "9.9.9"}');
  const packages = { "node_modules/typescript": {}, "node_modules/only-on-another-system": { optional: true } };
  write("package-lock.json", JSON.stringify({ packages: { "": {}, ...packages } }));
  write("node_modules/.package-lock.json", JSON.stringify({ packages: { "node_modules/typescript": {} } }));
  for (const name of ["typescript", "@types", "undici-types", "esbuild", "@esbuild", "@tensorflow"]) link(name);
  write("src/cli.ts", '#!/usr/bin/env node\nimport { answer } from "./part/answer";\nconsole.log(answer);\n');
  write("src/part/answer.ts", "export const answer: number = 42;\n");
  write("src/part/table.bin", "not compiled, but needed");
  write("web/src/main.ts", "document.title = String(6 * 7);\n");
  for (const file of ["page.css", "index.html", "icon.svg"]) write(`web/${file}`, "");
}

function link(name: string): void {
  fs.mkdirSync(path.join(clone, "node_modules/.bin"), { recursive: true });
  fs.symlinkSync(path.join(real, "node_modules", name), path.join(clone, "node_modules", name));
}

function prepare() {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/prepare.cjs", "--no-native"], {
    cwd: clone,
    encoding: "utf8",
    env: { ...process.env, npm_execpath: undefined, PATH: path.join(clone, "no-programs") },
  });
  return { status, said: stdout + stderr };
}

test("a fresh clone is built and its command linked; then there is nothing to do and nothing is said", () => {
  makeClone();
  assert.deepEqual(prepare(), { status: 0, said: "prepare: building dist/ …\n" });
  assert.equal(spawnSync(path.join(clone, "node_modules/.bin/a2gnn"), { encoding: "utf8" }).stdout, "42\n");
  assert.ok(isThere("dist/part/table.bin"));
  for (const file of ["page.js", "index.html"]) assert.ok(isThere(`dist/web/${file}`), file);
  const built = fs.statSync(path.join(clone, "dist")).ino;
  assert.deepEqual(prepare(), { status: 0, said: "" });
  assert.equal(fs.statSync(path.join(clone, "dist")).ino, built);
});

test("a changed, a removed and a lost file each bring a new build without remains of the old", () => {
  write("src/part/answer.ts", "export const answer: number = 43;\n");
  assert.match(prepare().said, /building/);
  assert.equal(spawnSync(path.join(clone, "node_modules/.bin/a2gnn"), { encoding: "utf8" }).stdout, "43\n");
  write("src/part/more.ts", "export const more: number = 1;\n");
  assert.match(prepare().said, /building/);
  fs.rmSync(path.join(clone, "src/part/more.ts"));
  assert.match(prepare().said, /building/);
  assert.equal(isThere("dist/part/more.js"), false);
  fs.rmSync(path.join(clone, "dist/part/answer.js"));
  assert.match(prepare().said, /building/);
  assert.ok(isThere("dist/part/answer.js"));
});

test("a type error is shown, and the last good build stays", () => {
  write("src/part/answer.ts", 'export const answer: number = "43";\n');
  const { status, said } = prepare();
  assert.equal(status, 1);
  assert.match(said, /answer\.ts\(1,14\): error TS2322.*\nprepare: the build failed\n$/s);
  assert.equal(spawnSync(path.join(clone, "node_modules/.bin/a2gnn"), { encoding: "utf8" }).stdout, "43\n");
  assert.deepEqual(fs.readdirSync(path.join(clone, "node_modules/.cache")), []);
});

test("packages that are not those of the lock file are installed; without npm that fails by name", () => {
  write("src/part/answer.ts", "export const answer: number = 43;\n");
  const missing = { packages: { "": {}, "node_modules/another": { version: "1.0.0" } } };
  write("package-lock.json", JSON.stringify(missing));
  const { status, said } = prepare();
  assert.equal(status, 1);
  assert.match(said, /npm packages from the lock file …\nprepare: npm ci failed: .*npm ENOENT/);
});
