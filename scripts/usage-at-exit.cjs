/** Loaded before a program (node --require): when it ends, its seconds and its peak of memory are appended to the file that A2GNN_USAGE names. */

"use strict";

const fs = require("node:fs");
const { isMainThread } = require("node:worker_threads");

const file = process.env.A2GNN_USAGE;
if (isMainThread && file !== undefined)
  process.on("exit", () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const used = {
      seconds: performance.now() / 1000,
      cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, // of all threads
      peakGigabytes: (maxRSS * 1024) / 1e9,
    };
    fs.appendFileSync(file, `${JSON.stringify(used)}\n`);
  });
