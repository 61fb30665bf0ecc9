/**
 * The pictures of docs/annotate.md: every state of the page, drawn by the pointer of a real browser on data/mini.
 *
 * usage: node --import tsx scripts/annotate-pictures.ts
 */

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { startAnnotateServer } from "../src/annotate/server";
import { startBrowser } from "../test/annotate-browser";

const root = path.join(__dirname, "..");
const out = path.join(root, "docs", "annotate");
const WIDTH = 860;
const LONGEST = 300_000;

async function main(): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "mini-"));
  const photographs = path.join(folder, "drawn scenes");
  fs.mkdirSync(out, { recursive: true });
  fs.cpSync(path.join(root, "data/mini/JPEGImages"), path.join(photographs, "JPEGImages"), { recursive: true });
  fs.copyFileSync(path.join(root, "data/mini/dataset.json"), path.join(photographs, "dataset.json"));
  const server = await startAnnotateServer(photographs);
  const browser = await startBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
    page.setDefaultTimeout(LONGEST);
    await page.goto(server.address);
    await page.locator("#facts", { hasText: "×" }).waitFor();
    await page.waitForTimeout(1500); // thumbnails
    await picture(page, "1-open");
    await page.keyboard.press("1");
    await drag(page, [34, 50], [60, 40], [82, 55]);
    await drag(page, [56, 62], [54, 90]);
    await drag(page, [90, 68], [120, 76]);
    await page.keyboard.press("4");
    await drag(page, [108, 40], [124, 46]);
    await page.keyboard.press("0");
    await drag(page, [8, 12], [80, 14], [140, 20]);
    await drag(page, [6, 112], [70, 114], [142, 113]);
    await page.locator("#facts", { hasText: "being refined" }).waitFor();
    await page.locator("#progress:not([hidden])").waitFor();
    await picture(page, "2-quick");
    await saved(page);
    await picture(page, "3-label");
    await page.keyboard.press("p");
    await drag(page, [116, 44]);
    await page.keyboard.press("s");
    await page.keyboard.press("1");
    await drag(page, [96, 95], [94, 102]);
    await saved(page);
    await picture(page, "4-pinned-and-corrected");
    await page.keyboard.press("o");
    await picture(page, "5-outlines");
    await page.keyboard.down("c");
    await picture(page, "6-compare");
    await page.keyboard.up("c");
    await page.keyboard.press("o");
    await page.keyboard.press("x");
    for (const [thing, places] of [
      [
        "3",
        [
          [40, 60],
          [110, 70],
        ],
      ],
      [
        "5",
        [
          [60, 50],
          [90, 90],
        ],
      ],
    ] as const) {
      await page.keyboard.press("PageDown");
      await page.waitForTimeout(500);
      await page.keyboard.press("b");
      await page.keyboard.press(thing);
      await drag(page, [places[0][0] - 20, places[0][1] - 20], [places[1][0] + 20, places[1][1] + 20]);
    }
    await page.keyboard.press("a");
    await page.locator("#message", { hasText: /photographs? labelled/ }).waitFor();
    await page.keyboard.press("d");
    await page.emulateMedia({ colorScheme: "dark" });
    await picture(page, "7-all-labelled-dark");
    await page.keyboard.press("?");
    await picture(page, "8-keys");
    await page.keyboard.press("Escape");
    await page.emulateMedia({ colorScheme: "light" });
    await page.keyboard.press("i");
    await picture(page, "9-import-and-export");
  } finally {
    await browser.close();
    await server.close();
    fs.rmSync(folder, { recursive: true });
  }
}

async function saved(page: Page): Promise<void> {
  await page.waitForTimeout(300);
  await page.locator("#facts", { hasText: /label saved · all drawn is saved/ }).waitFor();
  await page.locator("#progress[hidden]").waitFor({ state: "attached" });
}

/** Few colours, so that the picture is small. */
async function picture(page: Page, name: string): Promise<void> {
  await page.waitForTimeout(200);
  const png = await page.screenshot();
  const small = await sharp(png).resize(WIDTH).png({ palette: true, colours: 64, effort: 10 }).toBuffer();
  fs.writeFileSync(path.join(out, `${name}.png`), small);
  process.stdout.write(`${name}.png ${(small.length / 1000).toFixed(0)} kB\n`);
}

async function drag(page: Page, ...places: readonly (readonly [number, number])[]): Promise<void> {
  const box = await page.locator("#canvas").boundingBox();
  const facts = (await page.locator("#facts").innerText()).split(" ");
  const [width, height] = [Number(facts[0]), Number(facts[2])];
  if (box === null) throw new Error("no canvas");
  const scale = Math.min((box.width - 24) / width, (box.height - 24) / height);
  const at = ([x, y]: readonly [number, number]): [number, number] => [
    box.x + (box.width - width * scale) / 2 + (x + 0.5) * scale,
    box.y + (box.height - height * scale) / 2 + (y + 0.5) * scale,
  ];
  await page.mouse.move(...at(places[0]));
  await page.mouse.down();
  for (const place of places.slice(1)) await page.mouse.move(...at(place), { steps: 8 });
  await page.mouse.up();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
