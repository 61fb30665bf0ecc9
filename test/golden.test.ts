/** Every golden case that ships in `golden/` and `segmentation-goldens/`, at the manifest's tolerances; `npm run test:golden -- DIR` runs any folder. */

import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { folderCases, handlerFor, loadHandlers, readGoldenFolder, runGoldenCase } from "./golden-case";

const roots = ["golden", "segmentation-goldens"].map((folder) => path.join(__dirname, folder));
const cases = roots.flatMap((root) => [...readGoldenFolder(root), ...folderCases(root)]);
let handlers: Awaited<ReturnType<typeof loadHandlers>> = [];

before(async () => {
  await useBackend();
  handlers = await loadHandlers();
});

test("there are goldens", () => assert.ok(cases.length >= 30));

for (const golden of cases) {
  test(golden.name, async () => {
    const tensors = tf.memory().numTensors;
    const result = await runGoldenCase(golden, handlerFor(handlers, golden.name));
    assert.equal(result.status, "passed", result.detail);
    assert.equal(result.compared, result.wanted);
    assert.equal(tf.memory().numTensors, tensors, "no tensor is left behind");
  });
}

after(() => tf.disposeVariables());
