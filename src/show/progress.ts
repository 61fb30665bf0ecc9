/** Progress below a cell that updates in place: a step's reporter, and a chart that grows. */

import { formatSeconds } from "../running/quantities";
import type { ProgressUpdate, Reporter } from "../running/reporter";
import type { Chart } from "./chart";
import { escapeXml } from "./chart-parts";
import { CHART_WIDTH } from "./chart-svg";
import { livePlace } from "./display";
import { plotlyFigure } from "./plotly-figure";
import { chartBundle, PLOTLY_TYPE } from "./show-chart";

/** Milliseconds between two drawings; each is a message to the browser. */
const INTERVAL = 250;

/** A reporter for `step.run(config, { reporter })`. */
export function notebookReporter(): Reporter {
  const place = livePlace();
  const messages: string[] = [];
  const started = performance.now();
  let latest: ProgressUpdate | undefined;
  let last = -Infinity;
  const draw = (finished: boolean): void => {
    last = performance.now();
    const seconds = (last - started) / 1000;
    place({
      "text/html": progressHtml(latest, messages, finished, seconds),
      "text/plain": progressText(latest, messages),
    });
  };
  const say = (message: string): void => {
    messages.push(message);
    draw(false);
  };
  return {
    notice: (message) => say(`note: ${message}`),
    warn: (message) => say(`warning: ${message}`),
    progress(update) {
      latest = update;
      if (performance.now() - last >= INTERVAL || update.done === update.total) draw(update.done === update.total);
    },
    finish: () => draw(true),
  };
}

export interface LiveChart {
  /** Redraws the chart, at most four times a second. */
  update(chart: Chart): void;
  /** Draws it a last time, with the static picture beside. */
  finish(chart: Chart): void;
}

/** A chart that is replaced while something runs, e.g. the loss. */
export function liveChart(): LiveChart {
  const place = livePlace();
  let last = -Infinity;
  return {
    update(chart) {
      if (performance.now() - last < INTERVAL) return;
      last = performance.now();
      place({ [PLOTLY_TYPE]: plotlyFigure(chart) });
    },
    finish(chart) {
      place(chartBundle(chart), { width: CHART_WIDTH });
    },
  };
}

// --- internal ---

function progressHtml(
  update: ProgressUpdate | undefined,
  messages: readonly string[],
  finished: boolean,
  seconds: number,
): string {
  const notes = messages.map((message) => `<div style="color:#777">${escapeXml(message)}</div>`).join("");
  if (update === undefined) return notes;
  const { done, total, label, detail, unit = "image" } = update;
  const share = total > 0 ? Math.round((100 * done) / total) : 0;
  const text = finished
    ? `${done} of ${total} ${unit}s in ${formatSeconds(seconds)}`
    : `${done} of ${total}, ${label}${detail === undefined ? "" : `, ${detail}`}`;
  return `${notes}<div style="display:flex;gap:10px;align-items:center;font-size:90%"><div style="width:240px;height:10px;background:#e6e7eb;border-radius:5px"><div style="width:${share}%;height:10px;background:#2f7d6b;border-radius:5px"></div></div>${escapeXml(text)}</div>`;
}

function progressText(update: ProgressUpdate | undefined, messages: readonly string[]): string {
  return [...messages, ...(update === undefined ? [] : [`${update.done}/${update.total} ${update.label}`])].join("\n");
}
