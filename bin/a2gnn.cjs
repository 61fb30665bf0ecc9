#!/usr/bin/env node
/**
 * The command `a2gnn`. An installed package has its build; in a clone packages and build are brought up to date first, so that
 * `npx a2gnn doctor` works in a fresh one as it stands.
 */

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const prepare = path.join(__dirname, "..", "scripts", "prepare.cjs");
if (fs.existsSync(prepare)) {
  const { status } = spawnSync(process.execPath, [prepare, "--no-native"], { stdio: ["ignore", 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}
require("../dist/cli.js");
