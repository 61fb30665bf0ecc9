/** docs/architecture.md lists the folders of src/ so that imports point upwards in the list, and the code keeps to it. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import ts from "typescript";

const SOURCES = join(__dirname, "..", "src");

/** The rows of the table of folders: each a list of places, "config/" or "errors.ts". */
const rows = readFileSync(join(__dirname, "..", "docs/architecture.md"), "utf8")
  .split("## Who may import whom")[1]
  .split("\n## ")[0]
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => [...line.split(" | ")[0].matchAll(/`([^`]+)`/g)].map(([, place]) => place));

const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
  .map((name) => name.replaceAll("\\", "/"))
  .filter((name) => name.endsWith(".ts"));

/** A file's place in the list: its folder, or the file itself where it lies in src/. */
function placeOf(file: string): string {
  return file.includes("/") ? `${dirname(file)}/` : file;
}

/** Files of src/ that a file names, in imports (types too), exports, `import()`, `require` and `require.resolve`. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(SOURCES, file), "utf8").replaceAll(/^ *\/?\*.*$/gm, ""); // without its comments
  const threads = [...text.matchAll(/require\.resolve\("(\.[^"]+)"\)/g)].map(([, name]) => name);
  return [...ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName), ...threads]
    .filter((name) => name.startsWith(".") && !name.endsWith(".json"))
    .map((name) => {
      const found = resolve(dirname(join(SOURCES, file)), name);
      const path = [`${found}.ts`, join(found, "index.ts")].find((each) => existsSync(each));
      assert.ok(path, `${file} imports ${name}`);
      return relative(SOURCES, path).replaceAll("\\", "/");
    });
}

function declaresStep(file: string): boolean {
  return /^export const \w+: Step</m.test(readFileSync(join(SOURCES, file), "utf8"));
}

const imports = new Map(files.map((file) => [file, importsOf(file)]));

test("the list holds every folder and every file of src/ once, and nothing else", () => {
  const listed = rows.flat();
  assert.deepEqual([...new Set(listed)], listed);
  const places = [...new Set(files.map(placeOf))];
  assert.deepEqual(
    places.filter((place) => !listed.includes(place)),
    [],
    "missing in the list: put each where its imports point up",
  );
  for (const place of listed) assert.ok(statSync(join(SOURCES, place)), place);
});

test("no import points down the list, and folders of one row do not import each other", () => {
  const rowOf = new Map(rows.flatMap((row, index) => row.map((place) => [place, index] as const)));
  const wrong: string[] = [];
  for (const [file, others] of imports)
    for (const other of others) {
      const [from, to] = [placeOf(file), placeOf(other)];
      if (from === to) continue;
      const [own, its] = [rowOf.get(from) ?? -1, rowOf.get(to) ?? -1];
      if (its > own || (its === own && own !== 0)) wrong.push(`${file} → ${other}`);
    }
  assert.deepEqual(wrong, []);
});

test("no files import each other in a circle, and no step imports another", () => {
  const state = new Map<string, "open" | "done">();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === "open") circles.push([...path.slice(path.indexOf(file)), file].join(" → "));
    if (state.has(file)) return;
    state.set(file, "open");
    for (const other of imports.get(file) ?? []) visit(other, [...path, file]);
    state.set(file, "done");
  };
  for (const file of files) visit(file, []);
  assert.deepEqual(circles, []);
  const steps = new Set(files.filter((file) => placeOf(file) === "steps/" && declaresStep(file)));
  assert.ok(steps.size > 5);
  const calls = [...steps].filter((file) => imports.get(file)?.some((other) => steps.has(other)));
  assert.deepEqual(calls, []);
});
