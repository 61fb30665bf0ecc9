/** Charts below a cell: drawn by plotly where a viewer can, and as an SVG beside it everywhere else. */

import sharp from "sharp";
import type { Chart } from "./chart";
import { unescapeXml } from "./chart-parts";
import { CHART_WIDTH, chartSvg } from "./chart-svg";
import { type MimeBundle, type Shown, show } from "./display";
import { textOutline, textWidth } from "./lettering";
import { plotlyFigure } from "./plotly-figure";

export const PLOTLY_TYPE = "application/vnd.plotly.v1+json";

/** Shows a chart: interactive in JupyterLab with plotly, a picture elsewhere. */
export function showChart(chart: Chart): Shown {
  return show(chartBundle(chart), { width: CHART_WIDTH });
}

/** The chart in every format. No PNG: plotly's extension of JupyterLab would draw it in the place of its own figure. */
export function chartBundle(chart: Chart): MimeBundle {
  return { [PLOTLY_TYPE]: plotlyFigure(chart), "image/svg+xml": chartSvg(chart) };
}

/** The chart as PNG bytes, drawn twice as large as its SVG, with the font that comes with the package. */
export async function chartPng(chart: Chart): Promise<Uint8Array> {
  const svg = withOutlines(chartSvg(chart));
  return sharp(Buffer.from(svg), { density: 144 }).png({ palette: true, quality: 90 }).toBuffer();
}

/** A chart's SVG with every text, as `svgText` writes it, replaced by its outline: for machines without fonts. */
function withOutlines(svg: string): string {
  return svg.replace(/<text x="([^"]+)" y="([^"]+)" font-size="([^"]+)"([^>]*)>([^<]*)<\/text>/g, (_, ...found) => {
    const [x, y, size] = found.slice(0, 3).map(Number);
    const [style, text] = [String(found[3]), unescapeXml(String(found[4]))];
    const anchor = /text-anchor="(\w+)"/.exec(style)?.[1];
    const left = x - (anchor === "middle" ? 0.5 : anchor === "end" ? 1 : 0) * textWidth(text, size);
    const bold = style.includes("font-weight") ? ' stroke-width="0.5" stroke="currentColor"' : "";
    return `<path d="${textOutline(text, left, y, size)}"${style.replace(/ (text-anchor|font-weight)="\w+"/g, "")}${bold}/>`;
  });
}
