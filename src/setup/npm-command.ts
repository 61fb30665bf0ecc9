/** How to call npm from here: the one that runs us, else the one beside this Node, else the one on the path. */

import fs from "node:fs";
import path from "node:path";

export interface NpmCommand {
  readonly command: string;
  readonly words: readonly string[];
}

export function npmCommand(env: NodeJS.ProcessEnv = process.env, node: string = process.execPath): NpmCommand {
  const candidates = [
    // npm sets npm_execpath for scripts; yarn and pnpm set it as well, to themselves.
    env.npm_execpath,
    path.resolve(path.dirname(fs.realpathSync(node)), "../lib/node_modules/npm/bin/npm-cli.js"),
  ];
  for (const script of candidates)
    if (script !== undefined && /\bnp[mx]-cli\.js$/.test(script)) {
      const npm = script.replace(/npx-cli\.js$/, "npm-cli.js");
      if (fs.existsSync(npm)) return { command: node, words: [npm] };
    }
  return { command: "npm", words: [] };
}
