import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { annotate } from "../src/show/annotate";
import { copyOfMini, standInWorker } from "./annotate-folder";

const page = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-page-"));
fs.writeFileSync(path.join(page, "index.html"), "<!doctype html><title>the page</title>");
const root = copyOfMini(1);
after(() => {
  for (const folder of [page, root]) fs.rmSync(folder, { recursive: true });
});

test("notebook.annotate serves the page until it is closed, with the classes that were given", async () => {
  fs.rmSync(path.join(root, "dataset.json"));
  const server = await annotate(root, { page, worker: standInWorker(), classes: ["cat", "dog"] });
  assert.match(await (await fetch(server.address)).text(), /the page/);
  const { classes } = (await (await fetch(`${server.address}folder`)).json()) as { classes: { name: string }[] };
  assert.deepEqual(
    classes.map(({ name }) => name),
    ["background", "cat", "dog"],
  );
  await server.close();
  await assert.rejects(fetch(server.address));
  await assert.rejects(
    annotate(root, { page, worker: standInWorker(), classes: ["cow"] }),
    /--classes is for a folder without dataset.json; this one has cat, dog/,
  );
});
