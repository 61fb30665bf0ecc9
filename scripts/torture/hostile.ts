/** `hostile`: every file that a reader ever failed at, given to every reader. `npm test` does the same. */

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { UserError } from "../../src/errors";
import { READERS } from "./readers";
import type { Trial } from "./trial";

export const HOSTILE = path.resolve(__dirname, "../../test/hostile");

export async function tryHostile(): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (const name of fs.readdirSync(HOSTILE).sort()) {
    let [read, refused] = [0, 0];
    const failures: string[] = [];
    for (const reader of READERS) {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-hostile-"));
      const file = path.join(folder, reader.file);
      fs.copyFileSync(path.join(HOSTILE, name), file);
      try {
        await reader.read(file, folder);
        read++;
      } catch (error) {
        if (error instanceof UserError) refused++;
        else failures.push(`${reader.name}: ${error instanceof Error ? error.stack : String(error)}`);
      }
      fs.rmSync(folder, { recursive: true });
    }
    trials.push({ what: name, tried: READERS.length, read, refused, failures });
  }
  return trials;
}
