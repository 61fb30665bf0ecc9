import assert from "node:assert/strict";
import { test } from "node:test";
import { completeConfig, describeOptions, flagOf, type OptionTable, parseFlags } from "../src/config/option";

interface Config {
  readonly voc12Root: string;
  readonly boxXmlPath?: string;
  readonly rw: boolean;
  readonly denseCrf: boolean;
  readonly epochs: number;
  readonly lr: number;
  readonly mode: string;
  readonly scales: readonly number[];
  readonly names: readonly string[];
}

const table: OptionTable<Config> = {
  voc12Root: { kind: "path", affects: "place", required: true, group: "Data", help: "data folder" },
  boxXmlPath: { kind: "path", affects: "place", aliases: ["BoxXmlpath"], group: "Data", help: "boxes" },
  rw: { kind: "boolean", affects: "fit", default: false, help: "walk" },
  denseCrf: { kind: "boolean", affects: "fit", default: true, help: "sharpen" },
  epochs: { kind: "integer", affects: "fit", default: 50, min: 0, max: 1000, unit: "steps", help: "training steps" },
  lr: { kind: "number", affects: "fit", default: 0.03, min: 0, aliases: ["learning_rate"], help: "learning rate" },
  mode: { kind: "choice", affects: "fit", choices: ["fast", "exact"], default: "exact", help: "how" },
  scales: { kind: "numbers", affects: "fit", default: [0.5, 1], min: 0.1, help: "scales" },
  names: { kind: "texts", affects: "fit", default: ["a"], help: "names" },
};

const read = (line: string): Partial<Config> => parseFlags(line.split(" "), table).given;
const usage = (message: RegExp): { name: string; code: string; message: RegExp } => ({
  name: "UserError",
  code: "usage",
  message,
});

test("a key is its flag in kebab case", () => {
  assert.equal(flagOf("voc12Root"), "voc12-root");
  assert.equal(flagOf("boxXmlPath"), "box-xml-path");
});

test("dashes, underscores, =, aliases and capitals are one flag", () => {
  for (const line of ["--voc12-root /d", "--voc12_root /d", "--voc12_root=/d", "--VOC12-Root /d"])
    assert.deepEqual(read(line), { voc12Root: "/d" });
  for (const line of ["--BoxXmlpath x", "--box-xml-path x", "--box_xml_path=x"])
    assert.deepEqual(read(line), { boxXmlPath: "x" });
  assert.deepEqual(read("--learning-rate 1e-2"), { lr: 0.01 });
});

test("booleans: --rw false means false", () => {
  for (const [line, value] of [
    ["--rw", true],
    ["--rw true", true],
    ["--rw True", true],
    ["--rw 1", true],
    ["--rw on", true],
    ["--rw false", false],
    ["--rw False", false],
    ["--rw=no", false],
    ["--rw off", false],
    ["--no-rw", false],
    ["--no-rw false", true],
  ] as const)
    assert.deepEqual(read(line), { rw: value }, line);
  assert.deepEqual(read("--rw --epochs 3"), { rw: true, epochs: 3 });
  assert.throws(() => read("--rw=maybe"), usage(/true or false, got "maybe" \(--rw\)/));
});

test("lists, and negative numbers as values", () => {
  assert.deepEqual(read("--scales 0.5,1,2 --names a,b"), { scales: [0.5, 1, 2], names: ["a", "b"] });
  assert.throws(() => read("--lr -1"), usage(/at least 0, got -1/));
  assert.throws(() => read("--scales 1,x"), usage(/a number, got "x"/));
  assert.throws(() => read("--scales 0.01,1"), usage(/at least 0\.1/));
});

test("wrong usage is named, with the nearest known flag", () => {
  assert.throws(() => read("--epoch 3"), usage(/unknown option --epoch; did you mean --epochs\?/));
  assert.throws(() => read("--completely-different 3"), usage(/unknown option --completely-different$/));
  assert.throws(() => read("-rw"), usage(/did you mean "--rw"\?/));
  assert.throws(() => read("train.txt"), usage(/unexpected "train\.txt"/));
  assert.throws(() => read("--epochs"), usage(/--epochs needs a value/));
  assert.throws(() => read("--epochs --rw"), usage(/--epochs needs a value/));
  assert.throws(() => read("--epochs 1.5"), usage(/a whole number, got 1\.5/));
  assert.throws(() => read("--epochs 1e308"), usage(/a whole number below 2\^53, got 1e\+308/));
  assert.throws(() => read("--epochs 2000"), usage(/0 to 1000/));
  assert.throws(() => read("--mode quick"), usage(/one of fast, exact, got "quick"/));
  assert.throws(() => read("--no-epochs"), usage(/unknown option --no-epochs/));
});

test("flags without meaning are accepted with a notice, with or without a value", () => {
  const ignored = { num_workers: "there are none", pin: "no pins" };
  const { given, notices } = parseFlags("--num_workers 8 --pin --rw true".split(" "), table, ignored);
  assert.deepEqual(given, { rw: true });
  assert.deepEqual(notices, [
    "--num_workers has no meaning here: there are none",
    "--pin has no meaning here: no pins",
  ]);
});

test("a configuration given from code is checked and completed the same way", () => {
  const config = completeConfig({ voc12Root: "/d", epochs: 7, lr: undefined }, table);
  assert.deepEqual(
    { ...config },
    {
      voc12Root: "/d",
      boxXmlPath: undefined,
      rw: false,
      denseCrf: true,
      epochs: 7,
      lr: 0.03,
      mode: "exact",
      scales: [0.5, 1],
      names: ["a"],
    },
  );
  assert.throws(() => completeConfig({}, table), usage(/--voc12-root is required/));
  assert.throws(
    () => completeConfig({ voc12Root: "/d", epoch: 3 } as Partial<Config>, table),
    usage(/"epoch"; did you/),
  );
  assert.throws(() => completeConfig({ voc12Root: "/d", rw: "False" as never }, table), usage(/true or false/));
  assert.throws(() => completeConfig({ voc12Root: "/d", lr: Number.NaN }, table), usage(/a number, got NaN/));
  assert.throws(() => completeConfig({ voc12Root: "" }, table), usage(/some text/));
  assert.throws(() => completeConfig({ voc12Root: "/d", scales: [] }, table), usage(/a list/));
});

test("the help names every flag, its default and unit, under its heading", () => {
  const text = describeOptions(table);
  for (const key of Object.keys(table)) assert.ok(text.includes(`--${flagOf(key)}`), key);
  assert.match(text, /Data:\n {2}--voc12-root PATH {2,}data folder \[required\]/);
  assert.match(text, /--epochs N {2,}training steps \[steps; default 50\]/);
  assert.match(text, /--mode fast\|exact {2,}how \[default exact\]/);
});
