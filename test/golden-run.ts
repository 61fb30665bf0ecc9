/** `npm run test:golden -- DIR [CASE…]`: every case of a folder of goldens, or those whose names begin with CASE. */

import fs from "node:fs";
import path from "node:path";
import { useBackend } from "../src/backend";
import {
  folderCases,
  type GoldenResult,
  handlerFor,
  loadHandlers,
  readGoldenFolder,
  runGoldenCase,
} from "./golden-case";

async function main(): Promise<number> {
  const [root, ...wanted] = process.argv.slice(2);
  if (root === undefined || !fs.existsSync(path.join(root, "manifest.json"))) {
    process.stderr.write("usage: npm run test:golden -- DIR [CASE…], where DIR holds manifest.json\n");
    return 2;
  }
  await useBackend();
  const handlers = await loadHandlers();
  const cases = [...readGoldenFolder(root), ...folderCases(root)];
  const named = (name: string): boolean => wanted.length === 0 || wanted.some((prefix) => name.startsWith(prefix));
  const unmatched = wanted.filter((prefix) => !cases.some(({ name }) => name.startsWith(prefix)));
  const results: GoldenResult[] = [];
  for (const golden of cases.filter(({ name }) => named(name))) {
    const started = performance.now();
    const result = await runGoldenCase(golden, handlerFor(handlers, golden.name));
    results.push(result);
    const figures = `${result.compared}/${result.wanted} compared  worst ${result.worst.toPrecision(3)} × tolerance`;
    process.stdout.write(
      `${result.status.padEnd(14)} ${result.name.padEnd(34)} ${result.status === "not supported" ? "" : figures}  ${((performance.now() - started) / 1000).toFixed(1)} s\n`,
    );
    if (result.detail !== "") process.stdout.write(`${result.detail.replace(/^/gm, "    ")}\n`);
  }
  const count = (status: GoldenResult["status"]): number => results.filter((each) => each.status === status).length;
  for (const prefix of unmatched) process.stdout.write(`no case begins with "${prefix}"\n`);
  process.stdout.write(
    `${count("passed")} passed, ${count("failed")} failed, ${count("not supported")} not supported of ${results.length} cases\n`,
  );
  const unsupportedNamed = wanted.length > 0 && count("not supported") > 0;
  return count("failed") > 0 || unsupportedNamed || unmatched.length > 0 || results.length === 0 ? 1 : 0;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    process.exit(1);
  },
);
