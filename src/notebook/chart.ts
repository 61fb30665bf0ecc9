/** Charts as plain data: one description, drawn by plotly where a viewer can, and by our own SVG everywhere else. */

import sharp from "sharp";
import { type ChartLetters, chartSvg } from "./chart-svg";
import { type MimeBundle, type Shown, show } from "./display";
import { plotlyFigure } from "./plotly-figure";

export interface LineChart {
  readonly kind: "line";
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly series: readonly { readonly name: string; readonly x: ArrayLike<number>; readonly y: ArrayLike<number> }[];
}

export interface BarChart {
  readonly kind: "bar";
  readonly title: string;
  readonly valueTitle: string;
  /** One group of bars each. */
  readonly labels: readonly string[];
  readonly series: readonly {
    readonly name: string;
    /** Null: no bar. */
    readonly values: readonly (number | null)[];
    /** Half the length of the error bars. */
    readonly deviations?: readonly (number | null)[];
  }[];
  /** Bars lie, labels stand at the left: for long labels. Default: more than 8 labels. */
  readonly horizontal?: boolean;
}

export interface HeatChart {
  readonly kind: "heat";
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly xLabels: readonly string[];
  /** From the top. */
  readonly yLabels: readonly string[];
  /** A row per y label. */
  readonly values: readonly (readonly number[])[];
}

export type Chart = LineChart | BarChart | HeatChart;

export const PLOTLY_TYPE = "application/vnd.plotly.v1+json";

/** Shows a chart: interactive in JupyterLab with plotly, a picture elsewhere. */
export async function showChart(chart: Chart): Promise<Shown> {
  return show(await chartBundle(chart));
}

/** The chart in every format. */
export async function chartBundle(chart: Chart): Promise<MimeBundle> {
  return { [PLOTLY_TYPE]: plotlyFigure(chart), "image/png": await chartPng(chart) };
}

/** The chart as PNG bytes, drawn twice as large as its SVG. */
export async function chartPng(chart: Chart): Promise<Uint8Array> {
  const svg = chartSvg(chart, await availableLetters());
  return sharp(Buffer.from(svg), { density: 144 }).png({ palette: true, quality: 90 }).toBuffer();
}

// --- internal ---

let letters: Promise<ChartLetters> | undefined;

/** A machine without fonts draws empty text; then the letters are made of dots. */
function availableLetters(): Promise<ChartLetters> {
  letters ??= (async () => {
    const probe = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="40" height="40" fill="#fff"/><text x="4" y="32" font-size="30" font-family="sans-serif">M</text></svg>`;
    const { channels } = await sharp(Buffer.from(probe)).stats();
    return channels[0].min < 128 ? "font" : "dots";
  })();
  return letters;
}
