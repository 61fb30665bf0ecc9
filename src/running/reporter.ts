/** Where a step's progress and notices go. The command line draws them on standard error; library calls stay silent. */

import { withoutControls, wrapped } from "../shown-text";
import { formatClock, formatSeconds } from "./quantities";

export interface ProgressUpdate {
  readonly done: number;
  readonly total: number;
  /** The image or epoch in hand. */
  readonly label: string;
  /** Further figures, e.g. `loss 0.31`. */
  readonly detail?: string;
  /** Unit of the rate: seconds per `unit`. Default "image". */
  readonly unit?: string;
}

export interface Reporter {
  /** Something the user should know once; also kept in the Summary. */
  notice(message: string): void;
  /** Something is wrong with one image; the step continues with the rest. */
  warn(message: string): void;
  progress(update: ProgressUpdate): void;
  /** Ends the progress line. */
  finish(): void;
}

export const silentReporter: Reporter = { notice() {}, warn() {}, progress() {}, finish() {} };

/** Notices as a step gives them: said at once, and kept for its Summary. */
export function collectNotices(reporter: Reporter): { readonly notices: string[]; notice(message: string): void } {
  const notices: string[] = [];
  return {
    notices,
    notice: (message) => {
      notices.push(message);
      reporter.notice(message);
    },
  };
}

/**
 * Draws on a stream: on a terminal one line that updates in place, elsewhere a line at most every ten seconds. Rates
 * are measured from the first update, over what was done since, so skipped images do not flatter them; the work on the
 * image in hand counts towards the time left, not the rate.
 */
export function createReporter(stream: NodeJS.WriteStream = process.stderr): Reporter {
  let started: { time: number; done: number } | undefined;
  let latest: { time: number; done: number } | undefined;
  let lastLine = 0;
  let drawn = false;
  const clear = (): void => {
    if (drawn) stream.write("\r\x1b[2K");
    drawn = false;
  };
  const say = (line: string): void => {
    clear();
    const plain = withoutControls(line);
    stream.write(`${stream.isTTY ? wrapped(plain, stream.columns, 2) : plain}\n`);
  };
  return {
    notice: (message) => say(`note: ${message}`),
    warn: (message) => say(`warning: ${message}`),
    progress({ done, total, label, detail, unit = "image" }) {
      const now = Date.now();
      if (started === undefined || latest === undefined || done < started.done) started = latest = { time: now, done };
      if (done !== latest.done) latest = { time: now, done };
      const fresh = done - started.done;
      const each = fresh > 0 ? (latest.time - started.time) / 1000 / fresh : undefined;
      const left = each === undefined ? 0 : Math.max(0, each * (total - done) - (now - latest.time) / 1000);
      const rate = each === undefined ? "" : `  ${formatSeconds(each)}/${unit}  ${formatClock(left)} left`;
      const line = withoutControls(
        `${done}/${total}  ${label}${detail === undefined ? "" : `  ${detail}`}${rate}`.replaceAll("\n", " "),
      );
      if (stream.isTTY) {
        stream.write(`\r\x1b[2K${line.slice(0, (stream.columns ?? 100) - 1)}`);
        drawn = true;
      } else if (now - lastLine > 10_000 || done === total) {
        stream.write(`${line}\n`);
        lastLine = now;
      }
    },
    finish() {
      if (drawn) stream.write("\n");
      drawn = false;
      started = latest = undefined;
    },
  };
}
