/**
 * The figures of docs/annotate.md: from the pointer's lift to the new label on screen, for photographs of four sizes, each
 * looked at for two seconds before the first stroke; the page's weight and first paint; memory of server, computing process
 * and page over 200 more photographs, once every label is made.
 *
 * usage: node --import tsx scripts/annotate-timings.ts PHOTOGRAPH.jpg [STROKES]
 * PHOTOGRAPH is resized to each size; without the argument, a drawn scene of data/mini is.
 */

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import zlib from "node:zlib";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { startAnnotateServer } from "../src/annotate/server";
import { startBrowser } from "../test/annotate-browser";

const root = path.join(__dirname, "..");
const SIZES: readonly (readonly [width: number, height: number])[] = [
  [300, 200],
  [500, 375],
  [1000, 750],
  [4000, 3000],
];

/** Milliseconds that a person looks at a photograph before drawing. */
const LOOK = 2000;

async function main([source = path.join(root, "data/mini/JPEGImages/mini_0001.jpg"), count = "8"]: readonly string[]) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "annotate-timings-"));
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  for (const [i, [width, height]] of SIZES.entries())
    await sharp(source)
      .resize(width, height, { fit: "fill" })
      .jpeg()
      .toFile(path.join(folder, `a${i} ${width}.jpg`));
  const small = await sharp(source).resize(500, 375, { fit: "fill" }).jpeg().toBuffer();
  for (let i = 0; i < 200; i++) fs.writeFileSync(path.join(folder, `b${String(i).padStart(3, "0")}.jpg`), small);
  const server = await startAnnotateServer(folder, { classes: ["thing", "other"] });
  const browser = await startBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
    page.setDefaultTimeout(600_000);
    await page.goto(server.address);
    await page.locator("#facts", { hasText: "×" }).waitFor();
    const weight = ["index.html", "page.js", "page.css", "icon.svg"].map((name) => {
      const bytes = fs.readFileSync(path.join(root, "dist/web", name));
      return [bytes.length, zlib.gzipSync(bytes).length];
    });
    const [plain, packed] = [0, 1].map((i) => weight.reduce((sum, each) => sum + each[i], 0));
    const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0);
    say(
      `page: ${(plain / 1000).toFixed(1)} kB, ${(packed / 1000).toFixed(1)} kB compressed; first paint ${paint.toFixed(0)} ms`,
    );
    say("size | strokes | median | 95 % | first stroke | load (1 min)");
    for (const [i, [width, height]] of SIZES.entries()) {
      if (i > 0) await page.keyboard.press("PageDown");
      await page.locator("#facts", { hasText: `${width} × ${height}` }).waitFor();
      await page.waitForTimeout(LOOK);
      const times: number[] = [];
      for (let k = 0; k < Number(count); k++) times.push(await strokeTime(page, k));
      const [first, ...others] = times;
      const sorted = [...others].sort((a, b) => a - b);
      const at = (share: number): string => (sorted[Math.ceil(share * sorted.length) - 1] / 1000).toFixed(2);
      const seconds = `${at(0.5)} s | ${at(0.95)} s | ${(first / 1000).toFixed(2)} s`;
      say(`${width} × ${height} | ${others.length} | ${seconds} | ${os.loadavg()[0].toFixed(1)}`);
    }
    for (const { id } of server.session.photographs)
      while (server.session.labelling.isPending(id)) await page.waitForTimeout(500);
    say(`memory when all labels are made: ${await memory(page)}`);
    for (let i = 0; i < 200; i++) {
      await page.keyboard.press("PageDown");
      await page.locator("#strip [aria-current]", { hasText: `b${String(i).padStart(3, "0")}` }).waitFor();
      await page.waitForTimeout(i % 5 === 0 ? LOOK : LOOK / 10); // long enough for the work ahead, or not
      if (i % 50 === 49) say(`after ${i + 1} photographs: ${await memory(page)}`);
    }
  } finally {
    await browser.close();
    await server.close();
    fs.rmSync(folder, { recursive: true });
  }
}

/** Milliseconds from the pointer's lift to the paint of the next label. */
async function strokeTime(page: Page, index: number): Promise<number> {
  const box = (await page.locator("#canvas").boundingBox()) ?? { x: 0, y: 0, width: 1, height: 1 };
  await page.evaluate(() => {
    const canvas = document.querySelector("#canvas") as HTMLCanvasElement;
    const before = canvas.dataset.labels;
    const watched = window as unknown as { taken?: Promise<number> };
    watched.taken = new Promise((resolve) => {
      let lifted = 0;
      canvas.addEventListener(
        "pointerup",
        () => {
          lifted = performance.now();
        },
        { once: true },
      );
      const timer = setInterval(() => {
        if (lifted === 0 || canvas.dataset.labels === before) return;
        clearInterval(timer);
        resolve(performance.now() - lifted);
      }, 8);
    });
  });
  await page.keyboard.press(index % 2 === 0 ? "1" : "0");
  const [x, y] = [box.x + box.width * (0.35 + 0.03 * index), box.y + box.height * (index % 2 === 0 ? 0.5 : 0.12)];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 60, y + 8, { steps: 6 });
  await page.mouse.up();
  const taken = await page.evaluate(() => (window as unknown as { taken: Promise<number> }).taken);
  await page.waitForTimeout(300);
  return taken;
}

async function memory(page: Page): Promise<string> {
  const heap = await page.evaluate(
    () => (performance as unknown as { memory?: { usedJSHeapSize: number } }).memory?.usedJSHeapSize ?? 0,
  );
  const rows = execFileSync("ps", ["-eo", "ppid,rss,args"]).toString().split("\n");
  const worker = rows.find((row) => row.trim().startsWith(`${process.pid} `) && row.includes("label-worker"));
  const resident = Number(worker?.trim().split(/\s+/)[1] ?? 0) / 1024;
  const own = process.memoryUsage().rss / 2 ** 20;
  return `server ${own.toFixed(0)} MB, computing process ${resident.toFixed(0)} MB, page's heap ${(heap / 2 ** 20).toFixed(0)} MB`;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
