/** Comments cite the method by section: every section cited is a heading of docs/method.md. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const ROOT = join(__dirname, "..");
const FOLDERS = ["src", "test", "bench", "scripts", "native"];

const headings = new Set(
  [...readFileSync(join(ROOT, "docs/method.md"), "utf8").matchAll(/^#+ (\d+(?:\.\d+)?) /gm)].map(
    ([, number]) => number,
  ),
);

/** The section numbers of one text's citations: "docs/method.md, section 3.2", "docs/method.md, sections 1.1, 2.1 and 2.2". */
function citedSections(text: string): string[] {
  const joined = text.replaceAll(/\n\s*\*\s*/g, " ");
  return [...joined.matchAll(/docs\/method\.md,? sections? ([\d.]+(?:(?:, | and | to )[\d.]+)*)/g)].flatMap(
    ([, list]) => list.split(/, | and | to /).map((number) => number.replace(/\.$/, "")),
  );
}

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|cjs|py)$/.test(name) && !name.includes("node_modules") && name !== "citations.test.ts")
    .map((name) => join(folder, name));
}

test("a citation is read over line ends, one section or several", () => {
  assert.deepEqual(citedSections("/**\n * Losses (docs/method.md,\n * sections 1.1, 2.1 and 2.2).\n */"), [
    "1.1",
    "2.1",
    "2.2",
  ]);
  assert.deepEqual(citedSections("as in docs/method.md, section 3."), ["3"]);
});

test("docs/method.md numbers its sections", () => {
  for (const number of ["0", "1.1", "1.2", "1.3", "2.1", "2.2", "2.3", "3.1", "3.8", "4", "5", "6.1"])
    assert.ok(headings.has(number), `section ${number}`);
});

test("every section of docs/method.md that a comment cites exists", () => {
  let found = 0;
  const broken: string[] = [];
  for (const file of FOLDERS.flatMap(sources)) {
    const text = readFileSync(join(ROOT, file), "utf8");
    const mentions = text.match(/docs\/method\.md/g)?.length ?? 0;
    const cited = citedSections(text);
    found += cited.length;
    if (mentions > 0 && cited.length < mentions)
      broken.push(`${file}: a mention of docs/method.md without its section`);
    for (const number of cited) if (!headings.has(number)) broken.push(`${file}: section ${number}`);
    if (/\b(METHOD|DESIGN)(\.md|\b(,| section| \d))|\bpaper section\b/.test(text))
      broken.push(`${file}: cites a text that the repository does not hold`);
  }
  assert.deepEqual(broken, []);
  assert.ok(found > 50, `${found} citations`);
});
