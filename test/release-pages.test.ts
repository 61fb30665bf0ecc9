import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { untouchedMappings } from "../src/setup/release-pages";

const entry = (range: string, rights: string, file: string, anonymous: number): string =>
  `${range} ${rights} 00000000 fe:00 10045713                       ${file}\nSize: 4 kB\nRss: 4 kB\nAnonymous:             ${anonymous} kB\nVmFlags: rd\n`;

test("only pages that are the file's own, of the library that is meant, are given back", () => {
  const smaps = [
    entry("7f00-7f10", "r--p", "/lib of mine/libtensorflow_cc.so.2", 0),
    entry("7f10-7f20", "r-xp", "/lib of mine/libtensorflow_cc.so.2", 0),
    entry("7f20-7f30", "r--p", "/lib of mine/libtensorflow_cc.so.2", 4), // relocated
    entry("7f30-7f40", "rw-p", "/lib of mine/libtensorflow_cc.so.2", 0),
    entry("7f40-7f50", "r-xp", "/libtensorflow/libc.so.6", 0),
    entry("7f50-7f60", "r--s", "/lib of mine/libtensorflow_cc.so.2", 0),
    "7f60-7f70 rw-p 00000000 00:00 0\nAnonymous: 0 kB\n",
  ].join("");
  assert.deepEqual(untouchedMappings(smaps, "libtensorflow"), [
    { begin: 0x7f00n, end: 0x7f10n },
    { begin: 0x7f10n, end: 0x7f20n },
  ]);
});

test("TensorFlow computes as before with most of its libraries' pages given back", {
  skip: process.platform !== "linux",
}, () => {
  const script = `
    const fs = require("node:fs");
    const tf = require("@tensorflow/tfjs");
    const { useBackend } = require("../src/backend");
    useBackend().then(() => {
      const entries = fs.readFileSync("/proc/self/smaps", "utf8").split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
      const resident = entries.filter((each) => each.split("\\n")[0].includes("libtensorflow")).reduce((sum, each) => sum + Number(/^Rss:\\s+(\\d+)/m.exec(each)[1]), 0);
      const x = tf.tensor2d([[1, 2], [3, 4]]);
      process.stdout.write(JSON.stringify({ resident, product: [...tf.matMul(x, x).dataSync()] }));
    });`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "-e", script], {
    cwd: path.resolve(__dirname),
    encoding: "utf8",
  });
  const { resident, product } = JSON.parse(stdout || assert.fail(stderr));
  assert.deepEqual(product, [7, 10, 15, 22]);
  assert.ok(resident < 150_000, `${resident} kB of the libraries are resident`);
});
