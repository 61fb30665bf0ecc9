/** What a notebook cell can import: checked by the very converter of the kernel (TypeScript 5.0.4, Node10 resolution). */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";

const root = path.resolve(__dirname, "..");
const tslab = path.join(root, "notebooks/node_modules/tslab/dist");

/** Converts and runs cells in a folder, one after the other, as the kernel does. */
function runCells(cwd: string, cells: readonly string[]): { printed: string[]; errors: string[] } {
  const script = `
    const { createConverter } = require(${JSON.stringify(path.join(tslab, "converter.js"))});
    const { createExecutor } = require(${JSON.stringify(path.join(tslab, "executor.js"))});
    const said = { printed: [], errors: [] };
    const node = createConverter();
    const executor = createExecutor(process.cwd(), { node }, {
      log: (...words) => said.printed.push(words.join(" ")),
      error: (...words) => said.errors.push(require("node:util").format(...words)),
    });
    (async () => {
      for (const cell of ${JSON.stringify(cells)}) if (!(await executor.execute(cell))) break;
      node.close();
      process.stdout.write(JSON.stringify(said));
    })();`;
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", script], { cwd, encoding: "utf8" });
  assert.notEqual(stdout, "", stderr);
  return JSON.parse(stdout);
}

test("a cell imports the library and the notebook helpers, with their types", () => {
  const { printed, errors } = runCells(path.join(root, "notebooks"), [
    'import * as a2gnn from "..";\nimport * as notebook from "../dist/show";',
    "const reporter: a2gnn.Reporter = notebook.notebookReporter();\nconst words: string[] = Object.keys(reporter);\nwords.join()",
    'const chart: notebook.Chart = { kind: "line", title: "t", xTitle: "x", yTitle: "y", series: [] };\nnotebook.plotlyFigure(chart).data.length',
  ]);
  assert.deepEqual(errors, []);
  assert.deepEqual(printed, ["notice,warn,progress,finish", "0"]);
});

test("a cell's mistake in a type is found before it runs", () => {
  const { errors } = runCells(path.join(root, "notebooks"), [
    'import * as notebook from "../dist/show";\nnotebook.showTable(5)',
  ]);
  assert.match(errors.join("\n"), /not assignable to parameter of type 'readonly object\[\]'/);
});

test("the installed package resolves by its name, the helpers by theirs", () => {
  const project = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-installed-"));
  try {
    fs.mkdirSync(path.join(project, "node_modules"));
    fs.symlinkSync(root, path.join(project, "node_modules/a2gnn"));
    const { printed, errors } = runCells(project, [
      'import { doctor } from "a2gnn";\nimport { tableMarkdown } from "a2gnn/notebook";\nconst name: string = doctor.name;\nname + tableMarkdown([{ iou: 0.5 }]).length',
    ]);
    assert.deepEqual(errors, []);
    assert.deepEqual(printed, [`doctor${"| iou |\n| ---: |\n| 0.500 |".length}`]);
  } finally {
    fs.rmSync(project, { recursive: true, force: true });
  }
});
