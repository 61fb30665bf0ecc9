/** The folders of a run's results are its own while it works: runs of other settings are refused, shards of it may share. */

import { createHash } from "node:crypto";
import { flagOf } from "../../config/option";
import { type Claim, claimFolder } from "../../files/claim";
import type { OutputPlace } from "./output-places";

/**
 * Runs `work` while nobody else writes into these folders with other settings.
 * @param run what two runs that share them have in common: step, data folder, settings
 * @throws UserError "output" where another run works there
 */
export async function whileClaimed<T>(
  places: readonly OutputPlace[],
  run: Readonly<Record<string, unknown>>,
  work: () => Promise<T>,
): Promise<T> {
  const key = createHash("sha256").update(JSON.stringify(run)).digest("hex").slice(0, 16);
  const claims: (Claim | undefined)[] = [];
  try {
    for (const { folder, option } of places) {
      const what = `the folder ${folder}`;
      claims.push(await claimFolder(folder, { what, key, cure: `choose another --${flagOf(option)}` }));
    }
    return await work();
  } finally {
    for (const claim of claims) claim?.release();
  }
}
