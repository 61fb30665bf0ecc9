import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import type { PhotographDocument } from "../src/annotate/protocol";
import { startAnnotateServer } from "../src/annotate/server";
import { drawnPixels, weakLabelsOfShapes, withDrawnPixels } from "../src/annotate/weak-labels-of-shapes";
import { createWorkerProcess, type WorkerProcess } from "../src/annotate/worker-process";
import { readDataset } from "../src/data/dataset";
import { readRgb } from "../src/data/image";
import { decodeLabel } from "../src/data/label-png";
import { labelPhotograph } from "../src/label-photograph/label-photograph";
import { startBrowser } from "./annotate-browser";
import { copyOfMini, standInWorker, until } from "./annotate-folder";

/** The page in a real browser, against the real server and its computing process, on the drawn scenes. */

const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
let browser: Browser;
const ends: (() => void | Promise<void>)[] = [];

before(async () => {
  browser = await startBrowser();
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
after(() => browser?.close());

/** In this process; labels by the stand-in unless the computing process is asked for. */
async function annotate(root: string, worker: WorkerProcess = standInWorker()): Promise<string> {
  ends.push(() => fs.rmSync(root, { recursive: true }));
  const server = await startAnnotateServer(root, { worker });
  ends.push(() => server.close());
  return server.address;
}

/** The command itself, so that it can be killed. */
async function command(root: string): Promise<{ readonly address: string; readonly child: ChildProcess }> {
  const words = [path.join(__dirname, "..", "dist", "cli.js"), "annotate", root, "--no-open", "--threads", "1"];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr?.on("data", (chunk) => {
    said += chunk;
  });
  ends.push(() => void child.kill("SIGKILL"));
  await until(() => /http\S+/.test(said) || child.exitCode !== null, "the address");
  return { address: /http\S+/.exec(said)?.[0] ?? assert.fail(said), child };
}

async function openPage(address: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
  ends.push(() => context.close());
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  page.on("pageerror", (error) => assert.fail(error));
  await page.goto(address);
  await page.locator("#facts", { hasText: "×" }).waitFor();
  return page;
}

/** Where a pixel of the photograph (148 × 120, fitted) is on the screen. */
async function onScreen(page: Page, x: number, y: number): Promise<[number, number]> {
  const { x: left, y: top, width, height } = (await page.locator("#canvas").boundingBox()) ?? assert.fail("no canvas");
  const scale = Math.min((width - 24) / 148, (height - 24) / 120);
  return [left + (width - 148 * scale) / 2 + (x + 0.5) * scale, top + (height - 120 * scale) / 2 + (y + 0.5) * scale];
}

/** Pen down at the first place, over the others, up at the last. */
async function drag(page: Page, ...places: readonly [number, number][]): Promise<void> {
  const [first, ...others] = places;
  await page.mouse.move(...(await onScreen(page, ...first)));
  await page.mouse.down();
  for (const place of others) await page.mouse.move(...(await onScreen(page, ...place)), { steps: 5 });
  await page.mouse.up();
}

const facts = (page: Page): Promise<string> => page.locator("#facts").innerText();
const settled = (page: Page): Promise<void> =>
  until(
    async () => /label saved/.test(await facts(page)) && /all drawn is saved/.test(await facts(page)),
    "the label",
    900,
  );
const documentOf = (page: Page, index = 0): Promise<PhotographDocument> =>
  page.evaluate(async (at) => {
    const { photographs } = await (await fetch("folder")).json();
    return (await fetch(`photographs/${photographs[at].id}`)).json();
  }, index);

const read = (root: string, ...parts: string[]): Buffer => fs.readFileSync(path.join(root, ...parts));

test("a box and two strokes with the pointer: the label that Node makes of the same, to the byte; corrected, reloaded, found again", async () => {
  const root = copyOfMini(2);
  const page = await openPage(await annotate(root, createWorkerProcess({ threads: 1 })));
  await page.keyboard.press("b");
  await drag(page, [16, 26], [89, 96]);
  await page.keyboard.press("s");
  await drag(page, [34, 50], [50, 45], [56, 80]);
  await page.keyboard.press("0");
  await drag(page, [5, 110], [70, 112]);
  await until(async () => /1 box · 2 strokes/.test(await facts(page)), "the shapes");
  await settled(page);

  const document = await documentOf(page);
  const { shapes } = document;
  assert.deepEqual([shapes.boxes.map((each) => each.class), shapes.strokes.map((each) => each.class)], [[1], [1, 0]]);
  const dataset = await readDataset(root);
  const image = await readRgb(path.join(root, "JPEGImages", "mini_0001.jpg"));
  const weak = weakLabelsOfShapes(shapes, undefined, image, dataset);
  const { label } = await labelPhotograph(image, weak, { dataset, name: "mini_0001" });
  const wanted = withDrawnPixels(label, drawnPixels(shapes, undefined, image, 255), 255);
  const written = (): Uint8Array => decodeLabel(read(root, "Labels", "mini_0001.png"), "test").data;
  assert.deepEqual(written(), wanted.data);
  const shown = await page.evaluate(async () => {
    const { photographs } = await (await fetch("folder")).json();
    return [...new Uint8Array(await (await fetch(`photographs/${photographs[0].id}/label`)).arrayBuffer())];
  });
  assert.deepEqual(Uint8Array.from(shown), wanted.data);

  // A correction: what was drawn is so in the label.
  await page.keyboard.press("4");
  await drag(page, [100, 40], [125, 45]);
  await until(async () => /3 strokes/.test(await facts(page)), "the correction");
  await until(async () => written()[42 * 148 + 112] === 4, "the correction in the saved label", 900);

  await page.reload();
  await until(async () => /1 box · 3 strokes · label saved/.test(await facts(page)), "everything again");
  assert.deepEqual((await documentOf(page)).shapes.strokes.length, 3);
});

test("undo, redo and the eraser; a slip of the hand draws no box", async () => {
  const root = copyOfMini(1);
  const page = await openPage(await annotate(root));
  const says = (text: RegExp): Promise<void> => until(async () => text.test(await facts(page)), String(text));
  await drag(page, [20, 20], [60, 20]);
  await drag(page, [20, 40], [60, 40]);
  await says(/2 strokes/);
  await page.keyboard.press("Control+z");
  await says(/1 stroke /);
  await page.keyboard.press("Control+Shift+Z");
  await says(/2 strokes/);
  await page.keyboard.press("e");
  await drag(page, [40, 15], [40, 25]);
  await says(/3 strokes/); // the first one is cut in two
  await page.keyboard.press("b");
  await drag(page, [40, 60], [41, 61]);
  await page.getByRole("button", { name: "Undo" }).click();
  await says(/2 strokes/);
  await until(async () => (await documentOf(page)).shapes.strokes.length === 2, "the file");
  assert.equal(read(root, "Scribbles", "mini_0001.txt").toString().trim().split("\n").length, 2);
});

test("by keyboard alone: a stroke, a class, another photograph, the list of keys", async () => {
  const root = copyOfMini(2);
  const page = await openPage(await annotate(root));
  const press = async (...keys: string[]): Promise<void> => {
    for (const key of keys) await page.keyboard.press(key);
  };
  await press("s", "3", "ArrowLeft", "Enter", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown", "Enter");
  await until(async () => /1 stroke .*all drawn is saved/.test(await facts(page)), "the stroke");
  const { strokes } = (await documentOf(page)).shapes;
  assert.equal(strokes[0].class, 3);
  assert.ok(strokes[0].points.length >= 6);
  await press("PageDown");
  await page.locator("#strip [aria-current]", { hasText: "mini_0002" }).waitFor();
  await press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await press("Escape", "o");
  assert.equal(await page.getByRole("button", { name: "Outlines" }).getAttribute("aria-pressed"), "true");
});

test("a second tab and a file changed outside are noticed, and neither is overwritten", async () => {
  const root = copyOfMini(1, { drawn: true });
  const address = await annotate(root);
  const [one, two] = [await openPage(address), await openPage(address)];
  await drag(one, [20, 110], [60, 110]);
  await until(async () => /6 strokes/.test(await facts(two)), "the stroke in the other tab");
  await drag(two, [20, 115], [60, 115]);
  await until(async () => /7 strokes/.test(await facts(one)), "the stroke in the first tab");

  const file = path.join(root, "Scribbles", "mini_0001.txt");
  const theirs = `${fs.readFileSync(file, "utf8")}2,1,1,5,5\n`;
  fs.writeFileSync(file, theirs);
  await drag(one, [70, 110], [90, 110]);
  const dialog = one.getByRole("dialog", { name: /drawn on elsewhere/ });
  await dialog.waitFor();
  assert.equal(fs.readFileSync(file, "utf8"), theirs);
  await dialog.getByRole("button", { name: /The others/ }).click();
  await until(async () => /8 strokes · .*all drawn is saved/.test(await facts(one)), "their shapes");
  assert.equal(fs.readFileSync(file, "utf8"), theirs);
});

test("the server killed between a stroke and its label, and started again: nothing that was saved is lost", async () => {
  const root = copyOfMini(1);
  ends.push(() => fs.rmSync(root, { recursive: true }));
  const first = await command(root);
  const page = await openPage(first.address);
  await drag(page, [34, 50], [50, 45], [56, 80]);
  await until(async () => /1 stroke .*all drawn is saved/.test(await facts(page)), "the stroke to be saved");
  first.child.kill("SIGKILL");
  await page.locator("#message.error", { hasText: "cannot be reached" }).waitFor();
  const kept = read(root, "Scribbles", "mini_0001.txt");
  const again = await openPage((await command(root)).address);
  await until(async () => /1 stroke/.test(await facts(again)), "the stroke");
  assert.deepEqual(read(root, "Scribbles", "mini_0001.txt"), kept);
  assert.deepEqual(
    fs.readdirSync(path.join(root, "Scribbles")).filter((name) => name.endsWith(".tmp")),
    [],
  );
});

test("a pen draws and the hand that rests on the tablet does not; a finger draws where there is no pen", async () => {
  const root = copyOfMini(1);
  const page = await openPage(await annotate(root));
  const protocol = await page.context().newCDPSession(page);
  const touch = async (type: "touchStart" | "touchMove" | "touchEnd", ...places: [number, number][]): Promise<void> => {
    const points = await Promise.all(places.map((place) => onScreen(page, ...place)));
    await protocol.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  };
  const pen = async (type: "mousePressed" | "mouseMoved" | "mouseReleased", x: number, y: number): Promise<void> => {
    const [left, top] = await onScreen(page, x, y);
    const held = { button: "left", buttons: type === "mouseReleased" ? 0 : 1, clickCount: 1 } as const;
    await protocol.send("Input.dispatchMouseEvent", { type, x: left, y: top, pointerType: "pen", ...held });
  };
  const strokes = async (): Promise<number[][]> =>
    (await documentOf(page)).shapes.strokes.map(({ points }) => points.map(Math.round));
  await touch("touchStart", [20, 20]);
  await touch("touchMove", [60, 20]);
  await touch("touchEnd");
  await until(async () => (await strokes()).length === 1, "the finger's stroke");

  await touch("touchStart", [120, 100]); // the hand comes first
  await pen("mousePressed", 20, 40);
  await touch("touchMove", [110, 90]);
  await pen("mouseMoved", 40, 40);
  await touch("touchMove", [110, 80]);
  await touch("touchStart", [110, 80], [130, 100]);
  await pen("mouseMoved", 60, 40);
  await pen("mouseReleased", 60, 40);
  await touch("touchEnd");
  await until(async () => (await strokes()).length === 2, "the pen's stroke");
  const [, drawn] = await strokes();
  assert.deepEqual(
    [drawn.slice(0, 2), drawn.slice(-2)],
    [
      [20, 40],
      [60, 40],
    ],
  );

  await touch("touchStart", [70, 60]);
  await touch("touchMove", [90, 60]);
  await touch("touchEnd");
  await pen("mousePressed", 20, 60);
  await pen("mouseMoved", 50, 60);
  await pen("mouseReleased", 50, 60);
  await until(async () => (await strokes()).length === 3, "the pen's second stroke");
  const [x, y] = (await strokes())[2];
  assert.deepEqual([x, y], [0, 60]); // a finger has moved the photograph 20 pixels to the right
});

test("a region pinned, outlines, the photograph alone, the doubtful first: each says what it does and does it", async () => {
  const root = copyOfMini(3);
  const page = await openPage(await annotate(root));
  const strip = (): Promise<string[]> => page.locator("#strip .name").allInnerTexts();
  for (const name of ["mini_0002", "mini_0003"]) {
    await page.keyboard.press("PageDown");
    await page.locator("#strip [aria-current]", { hasText: name }).waitFor();
    await page.locator("#facts", { hasText: "×" }).waitFor();
    await drag(page, [20, 20], [60, 20]);
    await settled(page);
  }
  await page.keyboard.press("p");
  await drag(page, [100, 90]);
  await until(async () => (await documentOf(page, 2)).shapes.pins.length === 1, "the pin");
  await page.keyboard.press("s");
  await page.keyboard.press("2");
  await drag(page, [90, 90], [110, 90]);
  await settled(page);
  const label = decodeLabel(read(root, "Labels", "mini_0003.png"), "test");
  assert.equal(label.data[90 * 148 + 100], 1); // pinned as it was, whatever is drawn later

  const colours = (): Promise<number> =>
    page.locator("#canvas").evaluate((canvas: HTMLCanvasElement) => {
      const { data } = (canvas.getContext("2d") as CanvasRenderingContext2D).getImageData(
        0,
        0,
        canvas.width,
        canvas.height,
      );
      return data.reduce((sum, value) => (sum * 31 + value) % 1000003, 0);
    });
  const before = await colours();
  await page.keyboard.press("o");
  const outlined = await colours();
  await page.keyboard.down("c");
  const alone = await colours();
  await page.keyboard.up("c");
  assert.equal(new Set([before, outlined, alone]).size, 3);
  assert.equal(await colours(), outlined);

  assert.deepEqual(await strip(), ["mini_0001", "mini_0002", "mini_0003"]);
  const doubtful = page.getByRole("button", { name: "Doubtful first" });
  await doubtful.click();
  assert.equal(await doubtful.getAttribute("aria-pressed"), "true");
  assert.deepEqual(await strip(), ["mini_0002", "mini_0003", "mini_0001"]);
});

for (const scheme of ["light", "dark"] as const)
  test(`axe finds nothing serious: ${scheme}, the page and its dialogs`, async () => {
    const root = copyOfMini(3, { drawn: true });
    const page = await openPage(await annotate(root));
    await page.emulateMedia({ colorScheme: scheme });
    for (const open of [undefined, "?", "i", "n"]) {
      if (open !== undefined) await page.keyboard.press(open);
      // Not as a script of the page, whose policy forbids that.
      const found = await page.evaluate(`${axe};axe.run()`);
      const { violations } = found as { violations: { id: string; impact: string; nodes: { html: string }[] }[] };
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      assert.deepEqual(
        serious.map(({ id, nodes }) => `${id}: ${nodes[0].html}`),
        [],
        `after ${open}`,
      );
      if (open !== undefined) await page.keyboard.press("Escape");
    }
  });

test("names with markup are shown as text", async () => {
  const root = copyOfMini(1);
  const name = "<img src=x onerror=document.title=1>";
  fs.renameSync(path.join(root, "JPEGImages", "mini_0001.jpg"), path.join(root, "JPEGImages", `${name}.jpg`));
  const description = JSON.parse(read(root, "dataset.json").toString());
  description.classes[1] = "<b>bold</b>";
  fs.writeFileSync(path.join(root, "dataset.json"), JSON.stringify(description));
  const page = await openPage(await annotate(root));
  await page.locator("#strip .name", { hasText: name }).waitFor();
  await page.locator("#palette .name", { hasText: "<b>bold</b>" }).waitFor();
  assert.equal(await page.locator("#strip .name img, #palette b").count(), 0);
});
