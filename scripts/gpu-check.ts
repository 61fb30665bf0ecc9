/**
 * `npm run gpu-check [-- --only SECTION,… --skip SECTION,… --out FOLDER --minutes N --on native]`: whether every step of the
 * method computes on an NVIDIA card what it computes on the processor, and how fast. Needs no data; below eight minutes on a
 * card. Without one it says so and checks the processor's half: goldens and tiny trainings.
 *
 * Results are written after every row, as JSON and as a table of Markdown to paste into an issue, so that a run that is
 * killed still has its rows. `--on native` rehearses all sections on a processor, for whoever changes this script.
 */

import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { temporaryName } from "../src/atomic-write";
import { expected, UserError } from "../src/errors";
import { findGpu } from "../src/setup/gpu";
import { nativeState } from "../src/setup/native-backend";
import { describeCards, watchCard } from "./gpu-check/card";
import { type CheckRow, formatCheck, markdownOf } from "./gpu-check/row";
import { type Checked, describeMachine, SECTIONS } from "./gpu-check/sections";

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      skip: { type: "string" },
      out: { type: "string", default: "out/gpu-check" },
      minutes: { type: "string", default: "8" },
      on: { type: "string" },
    },
  });
  const only = sectionNames(values.only, "--only");
  const skip = sectionNames(values.skip, "--skip") ?? [];
  if (values.on !== undefined && values.on !== "gpu" && values.on !== "native")
    throw expected("usage", "gpu or native", `"${values.on}"`, "--on");
  const deadline = performance.now() + Number(values.minutes) * 60_000;
  const rows: CheckRow[] = [];
  const title = `gpu-check: ${describeMachine()}`;
  fs.mkdirSync(values.out, { recursive: true });
  const add = (row: CheckRow): void => {
    rows.push(row);
    process.stdout.write(`${formatCheck(row)}\n`);
    const table = { title, finished: false, rows };
    replaceFile(path.join(values.out, "gpu-check.json"), `${JSON.stringify(table, null, 2)}\n`);
    replaceFile(path.join(values.out, "gpu-check.md"), markdownOf(rows, title));
  };

  process.stdout.write(`${title}\n`);
  const found = lookAround(add);
  const checked: Checked = values.on ?? found;
  const everything = checked === "gpu" || values.on === "native";
  for (const section of SECTIONS) {
    const { name, needsCard, limit } = section;
    if ((only !== undefined && !only.includes(name)) || skip.includes(name)) continue;
    if (needsCard && !everything) continue;
    const end = Math.min(deadline, performance.now() + limit * 1000);
    const left = (): number => Math.max(1, Math.round((end - performance.now()) / 1000));
    if (end - performance.now() < 5000) {
      add({
        section: name,
        name: "not begun",
        ok: false,
        note: `the ${values.minutes} minutes are over; --only ${name}`,
      });
      continue;
    }
    process.stdout.write(`--- ${name}\n`);
    const watch = checked === "gpu" ? watchCard() : undefined;
    const started = performance.now();
    await section.run({ checked, left, add: (finding) => add({ section: name, ...finding }) });
    const use = watch?.stop();
    const took = `section of ${((performance.now() - started) / 1000).toFixed(0)} s`;
    if (use === undefined) continue;
    add({ section: name, name: "peak memory of the card", value: use.peakGigabytes, unit: "GB", note: took });
    add({ section: name, name: "utilisation while it computes", value: use.utilisation, unit: "%" });
  }
  const failed = rows.filter(({ ok }) => ok === false);
  const table = { title, finished: true, rows };
  replaceFile(path.join(values.out, "gpu-check.json"), `${JSON.stringify(table, null, 2)}\n`);
  const where = everything ? "" : "; the card's half was left out, because there is no card";
  process.stdout.write(
    `${rows.filter(({ ok }) => ok).length} checks passed, ${failed.length} failed${where}. Table: ${path.join(values.out, "gpu-check.md")}\n`,
  );
  return failed.length === 0 ? 0 : 1;
}

/** Whole or not at all, also where the run is killed while it writes. */
function replaceFile(file: string, text: string): void {
  const temporary = temporaryName(file);
  fs.writeFileSync(temporary, text);
  fs.renameSync(temporary, file);
}

/** Card, driver, libraries. @returns the backend to check */
function lookAround(add: (row: CheckRow) => void): Checked {
  const section = "machine";
  const state = findGpu();
  if (state.gpu === undefined) {
    add({ section, name: "GPU", note: `${state.why}: the processor's half alone is checked` });
    return "native";
  }
  for (const card of describeCards()) {
    const said = Object.entries(card).map(([name, value]) => `${name} ${value}`);
    add({ section, name: "GPU", ok: true, note: said.join(", ") });
  }
  const { recipe, ...native } = nativeState("gpu");
  const versions = `tfjs-node-gpu ${recipe.tfjsNodeVersion}, TensorFlow ${recipe.tensorflowVersion}`;
  if (native.state === "ready") {
    add({ section, name: "CUDA backend", ok: true, note: `${versions} in ${recipe.folder}` });
    return "gpu";
  }
  add({ section, name: "CUDA backend", ok: false, note: `${native.why}: npx a2gnn setup --gpu, then again` });
  return "native";
}

/** @throws UserError "usage" for a section that does not exist */
function sectionNames(words: string | undefined, flag: string): readonly string[] | undefined {
  const names = words?.split(",").map((word) => word.trim());
  const known = SECTIONS.map(({ name }) => name);
  return names?.flatMap((word) => {
    const matching = known.filter((name) => name.startsWith(word)); // "photograph" stands for both kinds
    if (matching.length === 0) throw expected("usage", `some of ${known.join(", ")}`, `"${word}"`, flag);
    return matching;
  });
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(
      `${error instanceof UserError ? error.message : error instanceof Error ? error.stack : error}\n`,
    );
    process.exitCode = error instanceof UserError && error.code === "usage" ? 2 : 1;
  },
);
