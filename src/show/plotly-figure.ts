/** A chart as a plotly figure: plain JSON, drawn by the notebook's own plotly (no plotly.js in the library). */

import type { BarChart, Chart, HeatChart, LineChart } from "./chart";
import { SERIES_COLOURS } from "./chart-parts";
import { liesDown } from "./chart-svg";
import { HEAT_SCALE } from "./heat-scale";

export interface PlotlyFigure {
  readonly data: readonly Readonly<Record<string, unknown>>[];
  readonly layout: Readonly<Record<string, unknown>>;
}

export function plotlyFigure(chart: Chart): PlotlyFigure {
  const { data, layout } = chart.kind === "line" ? lines(chart) : chart.kind === "bar" ? bars(chart) : heat(chart);
  return {
    data,
    layout: {
      title: { text: chart.title, x: 0.02, font: { size: 17 } },
      template: "none",
      colorway: SERIES_COLOURS,
      margin: { l: 70, r: 30, t: 50, b: 60 },
      height: 400,
      ...layout,
    },
  };
}

// --- internal ---

function lines({ xTitle, yTitle, series }: LineChart): PlotlyFigure {
  return {
    data: series.map(({ name, x, y }) => ({
      type: "scatter",
      mode: "lines",
      name,
      x: Array.from(x, short),
      y: Array.from(y, short),
    })),
    layout: { xaxis: axis(xTitle), yaxis: axis(yTitle), showlegend: series.length > 1 },
  };
}

function bars(chart: BarChart): PlotlyFigure {
  const { valueTitle, labels, series } = chart;
  const lying = liesDown(chart);
  const spreadKey = lying ? "error_x" : "error_y";
  return {
    data: series.map(({ name, values, deviations }) => ({
      ...(lying && chart.marks === "dots"
        ? { type: "scatter", mode: "markers", marker: { size: 9 } }
        : { type: "bar" }),
      name,
      ...(lying ? { orientation: "h", y: labels, x: values } : { x: labels, y: values }),
      ...(deviations === undefined ? {} : { [spreadKey]: { type: "data", array: deviations, visible: true } }),
    })),
    layout: {
      showlegend: series.length > 1,
      ...(lying
        ? {
            xaxis: axis(valueTitle),
            yaxis: { automargin: true, autorange: "reversed" },
            height: Math.max(300, 110 + labels.length * (12 + 12 * series.length)),
          }
        : { xaxis: { automargin: true }, yaxis: axis(valueTitle) }),
    },
  };
}

function heat({ xTitle, yTitle, xLabels, yLabels, values }: HeatChart): PlotlyFigure {
  const last = HEAT_SCALE.length - 1;
  return {
    data: [
      {
        type: "heatmap",
        x: xLabels,
        y: yLabels,
        z: values.map((row) => row.map((value) => Number(value.toPrecision(3)))),
        colorscale: HEAT_SCALE.map((colour, i) => [i / last, `rgb(${colour.join(",")})`]),
        texttemplate: "%{z}",
      },
    ],
    layout: {
      xaxis: { ...axis(xTitle), automargin: true },
      yaxis: { ...axis(yTitle), autorange: "reversed", automargin: true },
    },
  };
}

function axis(text: string): Record<string, unknown> {
  return { title: { text }, automargin: true, gridcolor: "#e6e7eb", zeroline: false };
}

/** Six digits are more than a chart shows, and a third of the file. */
function short(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(6)) : null;
}
