/**
 * The figure of docs/annotate.md from the curves that scripts/annotate-curve.ts measured: mean IoU over photographs after each
 * stroke beyond the first of each class, and the numbers of its text. Where an annotator had nothing left to stroke, and where
 * a full label was not measured, the last value before holds.
 *
 * usage: node --import tsx scripts/annotate-figure.ts CURVE.json OUT.png
 */

import fs from "node:fs";
import { chartPng } from "../src/show/show-chart";
import type { Curve, Point } from "./annotate-curve";

/** What counts as done. */
const GOAL = 0.9;

async function main([file, out]: readonly string[]): Promise<void> {
  const curves = JSON.parse(fs.readFileSync(file, "utf8")) as Curve[];
  const length = Math.max(...curves.map(({ quick }) => quick.length));
  const x = Array.from({ length }, (_, i) => i);
  const lines: [string, (curve: Curve) => readonly Point[]][] = [
    ["quick label", ({ quick }) => quick],
    ["full label, same strokes", ({ full }) => full],
    ["random forest, own strokes", ({ forestAlone = [] }) => forestAlone],
    ["random forest, same strokes", ({ forest = [] }) => forest],
  ];
  const series = lines
    .filter(([, of]) => curves.every((curve) => of(curve).length > 0))
    .map(([name, of]) => ({
      name,
      x,
      y: x.map((i) => mean(curves.map((curve) => 100 * pointAfter(of(curve), curve.quick[0].strokes + i).miou))),
    }));
  const title = `Strokes on the largest error, ${curves.length} photographs of VOC`;
  fs.writeFileSync(out, await chartPng({ kind: "line", title, xTitle: "corrections", yTitle: "mIoU, %", series }));
  for (const { name, y } of series) say(`${name}: ${y.map((value) => value.toFixed(1)).join(" ")}`);
  for (const [name, of] of lines) {
    const reached = curves.flatMap((curve) => of(curve).find(({ miou }) => miou >= GOAL)?.strokes ?? []);
    say(`${name}: ${reached.length} of ${curves.length} reach ${100 * GOAL} %, after ${reached.join(", ")} strokes`);
  }
  const pairs = curves.flatMap(({ quick, full }) =>
    full.map(({ strokes, miou }) => [100 * pointAfter(quick, strokes).miou, 100 * miou]),
  );
  const [quick, full] = [0, 1].map((i) => mean(pairs.map((pair) => pair[i])).toFixed(1));
  say(`where both were measured (${pairs.length} labels): quick ${quick}, full ${full}`);
}

/** The last one measured with at most so many strokes. */
function pointAfter(points: readonly Point[], strokes: number): Point {
  return [...points].reverse().find((point) => point.strokes <= strokes) ?? points[0];
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
