/** `a2gnn annotate FOLDER`: a page on this machine in which a folder of photographs is labelled by drawing. */

import { spawn } from "node:child_process";
import { startAnnotateServer } from "../annotate/server";
import { preferredBackend } from "../backend";
import { type AnnotateConfig, annotateOptions } from "../config/annotate";
import { completeConfig } from "../config/option";
import { silentReporter } from "../running/reporter";
import type { Step, StepContext, Summary } from "../running/step";

export const annotate: Step<AnnotateConfig> = {
  name: "annotate",
  about: "draw on photographs in a web page, see their labels grow, correct and keep them",
  options: annotateOptions,
  positional: "folder",
  examples: [
    "a2gnn annotate my-photographs --classes cat,dog",
    "a2gnn annotate VOC2012 --list train.txt --no-open --port 8765",
  ],
  needsBackend: false,
  run,
};

/** Ends when the signal aborts: Ctrl-C on the command line. */
async function run(
  given: Partial<AnnotateConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<Summary> {
  const started = performance.now();
  const { folder, port, open, list, classes, allowHost } = completeConfig(given, annotateOptions);
  const server = await startAnnotateServer(folder, {
    port,
    list,
    classes,
    allowedHosts: allowHost ?? [],
    backend: preferredBackend(),
  });
  context.reporter.notice(`the page is at ${server.address} (Ctrl-C ends it)`);
  if (open) openBrowser(server.address);
  await new Promise<void>((resolve) => {
    if (context.signal?.aborted) resolve();
    context.signal?.addEventListener("abort", () => resolve(), { once: true });
  });
  const { photographs, labels } = server.session;
  const done = (await labels.names()).size;
  await server.close();
  return {
    step: "annotate",
    images: photographs.length,
    done,
    skipped: 0,
    failed: [],
    seconds: (performance.now() - started) / 1000,
    notices: [],
  };
}

/** Where there is no browser to open, the printed address is all that is needed. */
function openBrowser(address: string): void {
  const [command, ...words] = process.platform === "darwin" ? ["open"] : ["xdg-open"];
  spawn(command, [...words, address], { stdio: "ignore", detached: true })
    .on("error", () => undefined)
    .unref();
}
