/** Debian's Chromium for the tests of the page. */

import fs from "node:fs";
import { type Browser, chromium } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** @throws Error that says how to get one, where there is none */
export async function startBrowser(): Promise<Browser> {
  const executablePath = process.env.A2GNN_CHROMIUM ?? PLACES.find((place) => fs.existsSync(place));
  if (executablePath === undefined)
    throw new Error(
      `the page is tested in a real browser, and there is none in ${PLACES.join(", ")}: ` +
        "apt-get install chromium, or A2GNN_CHROMIUM=FILE",
    );
  // A container has neither the rights for Chromium's sandbox nor much shared memory; the pages are our own.
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}
