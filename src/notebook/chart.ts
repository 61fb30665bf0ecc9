/** Charts below a cell: drawn by plotly where a viewer can, and as a picture beside it everywhere else. */

import sharp from "sharp";
import type { Chart } from "../chart/chart";
import type { ChartLetters } from "../chart/chart-parts";
import { chartSvg } from "../chart/chart-svg";
import { type MimeBundle, type Shown, show } from "./display";
import { plotlyFigure } from "./plotly-figure";

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
