import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { learnCommand } from "../src/annotate/learn-process";
import { startAnnotateServer } from "../src/annotate/server";
import { decodeLabel } from "../src/data/label-png";
import { startBrowser } from "./annotate-browser";
import { copyOfMini, standInWorker, until } from "./annotate-folder";

/** "Learn" pressed in the page, and the command `learn` itself behind it, with a network of a few channels and steps. */

const ends: (() => unknown)[] = [];
after(async () => {
  for (const end of ends.reverse()) await end();
});

const QUICK =
  "--rounds 1 --features handcrafted --label-epochs 1 --model deeplab-v2-vgg16 --weights none --width 2 --network-steps 4 --batch-size 2 --crop-size 33 --flip false --crf-threads 0 --num-workers 0 --pictures 0";

test("a folder learned from the page: its lines are shown, and the photograph on which nothing was drawn gets a label", async () => {
  const root = copyOfMini(2, { drawn: true });
  ends.push(() => fs.rmSync(root, { recursive: true }));
  for (const file of ["Annotations/mini_0002.xml", "Scribbles/mini_0002.txt"])
    fs.rmSync(path.join(root, file), { force: true });
  const learn = learnCommand({ threads: 1 }, QUICK.split(" "));
  const server = await startAnnotateServer(root, { worker: standInWorker(), learn });
  ends.push(() => server.close());
  const browser = await startBrowser();
  ends.push(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  page.setDefaultTimeout(120_000);
  await page.goto(server.address);
  await page.locator("#strip [aria-current]", { hasText: "mini_0001" }).waitFor();
  const lines: string[] = [];
  server.session.subscribe((event) => event.kind === "learn" && lines.push(event.learn.line));

  await page.getByRole("button", { name: "Learn" }).click();
  await page.getByRole("button", { name: "As long as it takes" }).click();
  await page.getByRole("button", { name: "Stop learning" }).waitFor();
  const message = page.locator("#message");
  await until(async () => /Learned: |failed/.test(await message.innerText()), "the end of learning", 240);
  assert.equal(await message.innerText(), "Learned: 1 photograph on which nothing is drawn got labels.");
  await page.getByRole("button", { name: "Learn", exact: true }).waitFor();
  assert.ok(lines.length > 3, lines.join("\n")); // what the command says, line by line
  const written = decodeLabel(fs.readFileSync(path.join(root, "Labels", "mini_0002.png")), "mini_0002");

  await page.keyboard.press("PageDown");
  await page.locator("#strip [aria-current]", { hasText: "mini_0002" }).waitFor();
  await until(async () => /label saved/.test(await page.locator("#facts").innerText()), "the learned label on screen");
  const shown = await page.evaluate(async () => {
    const { photographs } = await (await fetch("folder")).json();
    const bytes = await (await fetch(`photographs/${photographs[1].id}/label`)).arrayBuffer();
    return [...new Uint8Array(bytes)];
  });
  assert.deepEqual(Uint8Array.from(shown), written.data);
});
