/** Charts below a cell: drawn by plotly where a viewer can, and as a picture beside it everywhere else. */

import sharp from "sharp";
import type { Chart } from "./chart";
import { CHART_WIDTH, chartSvg } from "./chart-svg";
import { type MimeBundle, type Shown, show } from "./display";
import { plotlyFigure } from "./plotly-figure";

export const PLOTLY_TYPE = "application/vnd.plotly.v1+json";

/** Shows a chart: interactive in JupyterLab with plotly, a picture elsewhere. */
export async function showChart(chart: Chart): Promise<Shown> {
  return show(await chartBundle(chart), { width: CHART_WIDTH });
}

/** The chart in every format. JPEG, because plotly's extension of JupyterLab draws a PNG beside its figure in the figure's place. */
export async function chartBundle(chart: Chart): Promise<MimeBundle> {
  const jpeg = sharp(await chartPng(chart)).jpeg({ quality: 88, chromaSubsampling: "4:4:4" });
  return { [PLOTLY_TYPE]: plotlyFigure(chart), "image/jpeg": await jpeg.toBuffer() };
}

/** The chart as PNG bytes, drawn twice as large as its SVG. */
export async function chartPng(chart: Chart): Promise<Uint8Array> {
  const svg = chartSvg(chart, "outlines");
  return sharp(Buffer.from(svg), { density: 144 }).png({ palette: true, quality: 90 }).toBuffer();
}
