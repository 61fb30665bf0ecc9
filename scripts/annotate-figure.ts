/**
 * The figure of docs/annotate.md from the curves that were measured: mean IoU over photographs after each stroke beyond
 * the first of each class.
 *
 * usage: node --import tsx scripts/annotate-figure.ts CURVE.json FOREST.json OUT.png
 */

import fs from "node:fs";
import { chartPng } from "../src/show/show-chart";

type Values = readonly (readonly number[])[];

async function main([curve, forest, out]: readonly string[]): Promise<void> {
  const read = (file: string): Record<string, Values & string>[] => JSON.parse(fs.readFileSync(file, "utf8"));
  const forests = new Map(read(forest).map((each) => [String(each.name), each.forest as Values]));
  const both = read(curve).filter(({ name }) => forests.has(name));
  const length = Math.min(...both.map(({ quick }) => quick.length));
  const x = Array.from({ length }, (_, i) => i);
  const mean = (of: (each: (typeof both)[number]) => Values): number[] =>
    x.map((i) => both.reduce((sum, each) => sum + 100 * of(each)[i][1], 0) / both.length);
  const series = [
    { name: "quick label of the page", x, y: mean(({ quick }) => quick) },
    { name: "scikit-image's random forest", x, y: mean(({ name }) => forests.get(name) as Values) },
  ];
  const title = `The same strokes, ${both.length} photographs of VOC`;
  const png = await chartPng({ kind: "line", title, xTitle: "corrections", yTitle: "mIoU, %", series });
  fs.writeFileSync(out, png);
  for (const { name, y } of series) process.stdout.write(`${name}: ${y.map((value) => value.toFixed(1)).join(" ")}\n`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
