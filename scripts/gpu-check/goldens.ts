/** `goldens.ts BACKEND FOLDER …`: every golden case of these folders on a backend, one finding a case. */

import { useBackend } from "../../src/backend";
import { folderCases, handlerFor, loadHandlers, readGoldenFolder, runGoldenCase } from "../../test/golden-case";
import { sayFinding } from "./own-process";

async function main(): Promise<void> {
  const [backend, ...roots] = process.argv.slice(2);
  await useBackend(backend);
  const handlers = await loadHandlers();
  for (const root of roots)
    for (const golden of [...readGoldenFolder(root), ...folderCases(root)]) {
      const started = performance.now();
      const { status, compared, wanted, worst, detail } = await runGoldenCase(
        golden,
        handlerFor(handlers, golden.name),
      );
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      const note = [`${compared} of ${wanted} tensors, ${seconds} s`, detail.split("\n")[0]].filter(
        (part) => part !== "",
      );
      sayFinding({
        name: golden.name,
        value: worst,
        unit: "× tolerance",
        ok: status === "passed" && compared === wanted,
        note: note.join("; "),
      });
    }
  process.exit(0); // some cases leave threads behind
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exit(1);
});
