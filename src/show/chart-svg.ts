/** A chart as SVG text: what viewers without plotly show, and what `ablate` and `report` write. */

import type { BarChart, Chart, HeatChart, LineChart } from "./chart";
import { INK, LINE, linear, SERIES_COLOURS, SOFT, svgDocument, svgText, ticks, tickText } from "./chart-parts";
import { heatColour } from "./heat-scale";
import { textWidth } from "./lettering";

/** Pixels of every chart. */
export const CHART_WIDTH = 720;
const WIDTH = CHART_WIDTH;

/** Text is left to the viewer's fonts. */
export function chartSvg(chart: Chart): string {
  switch (chart.kind) {
    case "line":
      return lineSvg(chart);
    case "bar":
      return barSvg(chart);
    case "heat":
      return heatSvg(chart);
  }
}

/** Whether bars lie. */
export function liesDown({ horizontal, labels }: BarChart): boolean {
  return horizontal ?? labels.length > 8;
}

// --- internal ---

function lineSvg({ title, xTitle, yTitle, series }: LineChart): string {
  const [left, top, right, bottom] = [70, 44, WIDTH - 20, 330];
  const xs = finite(series.flatMap(({ x }) => Array.from(x)));
  const ys = finite(series.flatMap(({ y }) => Array.from(y)));
  const yTicks = ticks(Math.min(...ys), Math.max(...ys));
  const x = linear(Math.min(...xs), Math.max(...xs), left, right);
  const y = linear(yTicks[0], yTicks[yTicks.length - 1], bottom, top);
  const xTicks = ticks(Math.min(...xs), Math.max(...xs)).filter((t) => x(t) >= left - 1 && x(t) <= right + 1);
  const lines = series.map(({ x: X, y: Y }, s) => {
    const points = Array.from(Y, (value, i) =>
      Number.isFinite(value) ? `${x(X[i]).toFixed(1)},${y(value).toFixed(1)}` : "",
    ).filter((point) => point !== "");
    return `<polyline points="${points.join(" ")}" fill="none" stroke="${colourOf(s)}" stroke-width="1.8" stroke-linejoin="round"/>`;
  });
  return svgDocument(WIDTH, 390, [
    heading(title),
    ...yTicks.map((t) => rule(left, y(t), right, y(t)) + valueText(t, left - 8, y(t) + 4, "end")),
    ...xTicks.map((t) => valueText(t, x(t), bottom + 18, "middle")),
    svgText(xTitle, (left + right) / 2, bottom + 38, { anchor: "middle", colour: SOFT }),
    svgText(yTitle, 16, (top + bottom) / 2, { anchor: "middle", colour: SOFT, upright: true }),
    ...lines,
    series.length > 1
      ? legend(
          series.map(({ name }) => name),
          382,
        )
      : "",
  ]);
}

function barSvg(chart: BarChart): string {
  return liesDown(chart) ? lyingBars(chart) : standingBars(chart);
}

function standingBars({ title, valueTitle, labels, series }: BarChart): string {
  const [left, top, right, bottom] = [70, 44, WIDTH - 20, 330];
  const scale = valueTicks(series);
  const y = linear(scale[0], scale[scale.length - 1], bottom, top);
  const group = (right - left) / labels.length;
  const bar = Math.min(46, (0.76 * group) / series.length);
  const parts = labels.flatMap((label, g) => {
    const middle = left + (g + 0.5) * group;
    const bars = series.map(({ values, deviations }, s) => {
      const value = values[g];
      if (value === null || value === undefined) return "";
      const x = middle + (s - series.length / 2) * bar;
      const box = `<rect x="${x.toFixed(1)}" y="${Math.min(y(0), y(value)).toFixed(1)}" width="${(bar - 2).toFixed(1)}" height="${Math.abs(y(value) - y(0)).toFixed(1)}" fill="${colourOf(s)}" rx="2"/>`;
      const spread = deviations?.[g] ?? 0;
      return box + (spread > 0 ? whisker(x + bar / 2 - 1, y(value - spread), x + bar / 2 - 1, y(value + spread)) : "");
    });
    return [...bars, svgText(label, middle, bottom + 18, { anchor: "middle", size: 11 })];
  });
  return svgDocument(WIDTH, 390, [
    heading(title),
    ...scale.map((t) => rule(left, y(t), right, y(t)) + valueText(t, left - 8, y(t) + 4, "end")),
    svgText(valueTitle, 16, (top + bottom) / 2, { anchor: "middle", colour: SOFT, upright: true }),
    ...parts,
    series.length > 1
      ? legend(
          series.map(({ name }) => name),
          378,
        )
      : "",
  ]);
}

function lyingBars({ title, valueTitle, labels, series, marks }: BarChart): string {
  const dots = marks === "dots";
  const size = 11;
  const left = Math.min(330, 24 + Math.max(...labels.map((label) => textWidth(label, size))));
  const [top, right] = [40, WIDTH - 60];
  const bar = series.length === 1 ? 14 : 10;
  const group = bar * series.length + 8;
  const bottom = top + group * labels.length;
  const scale = dots ? spanTicks(series) : valueTicks(series);
  const x = linear(scale[0], scale[scale.length - 1], left, right);
  const parts = labels.flatMap((label, g) => {
    const y = top + g * group;
    const bars = series.map(({ values, deviations, points }, s) => {
      const value = values[g];
      if (value === null || value === undefined) return "";
      const spread = deviations?.[g] ?? 0;
      const at = y + 4 + s * bar;
      const mark = dots
        ? dot(x(value), at + (bar - 2) / 2, colourOf(s))
        : `<rect x="${Math.min(x(0), x(value)).toFixed(1)}" y="${at}" width="${Math.abs(x(value) - x(0)).toFixed(1)}" height="${bar - 2}" fill="${colourOf(s)}" rx="2"/>`;
      const half = at + (bar - 2) / 2;
      return (
        mark +
        (points?.[g] ?? []).map((point) => ring(x(point), half, colourOf(s))).join("") +
        (spread > 0 ? whisker(x(value - spread), half, x(value + spread), half) : "") +
        svgText(Number(value.toFixed(1)).toString(), x(value + spread) + 6, half + 4, {
          size: 10,
          colour: SOFT,
        })
      );
    });
    return [svgText(label, left - 8, y + group / 2 + 4, { anchor: "end", size }), ...bars];
  });
  return svgDocument(WIDTH, bottom + 60, [
    heading(title),
    ...scale.map((t) => rule(x(t), top, x(t), bottom) + valueText(t, x(t), bottom + 16, "middle")),
    ...parts,
    svgText(valueTitle, (left + right) / 2, bottom + 34, { anchor: "middle", colour: SOFT }),
    series.length > 1
      ? legend(
          series.map(({ name }) => name),
          bottom + 52,
        )
      : "",
  ]);
}

function heatSvg({ title, xTitle, yTitle, xLabels, yLabels, values }: HeatChart): string {
  const left = 40 + Math.max(...yLabels.map((label) => textWidth(label, 11)));
  const top = 48;
  const cell = { width: Math.min(90, (WIDTH - left - 20) / xLabels.length), height: 30 };
  const all = values.flat();
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const bottom = top + yLabels.length * cell.height;
  const boxes = values.flatMap((row, j) =>
    row.map((value, i) => {
      const t = high > low ? (value - low) / (high - low) : 0;
      const [x, y] = [left + i * cell.width, top + j * cell.height];
      return (
        `<rect x="${x.toFixed(1)}" y="${y}" width="${(cell.width - 1).toFixed(1)}" height="${cell.height - 1}" fill="rgb(${heatColour(t).join(",")})"/>` +
        (cell.width > 30
          ? svgText(tickText(Number(value.toPrecision(3))), x + cell.width / 2, y + 19, {
              anchor: "middle",
              size: 11,
              colour: t > 0.6 ? INK : "#fff",
            })
          : "")
      );
    }),
  );
  return svgDocument(WIDTH, bottom + 56, [
    heading(title),
    ...boxes,
    ...yLabels.map((label, j) =>
      svgText(label, left - 8, top + (j + 0.5) * cell.height + 4, { anchor: "end", size: 11 }),
    ),
    ...xLabels.map((label, i) =>
      svgText(label, left + (i + 0.5) * cell.width, bottom + 16, { anchor: "middle", size: 11 }),
    ),
    svgText(xTitle, left + (xLabels.length * cell.width) / 2, bottom + 38, { anchor: "middle", colour: SOFT }),
    svgText(yTitle, 16, (top + bottom) / 2, { anchor: "middle", colour: SOFT, upright: true }),
  ]);
}

function valueTicks(series: BarChart["series"]): number[] {
  const ends = endsOf(series);
  return ticks(Math.min(0, ...ends), Math.max(0, ...ends));
}

/** Ticks that span the values alone, without 0. */
function spanTicks(series: BarChart["series"]): number[] {
  const ends = finite(endsOf(series));
  return ticks(Math.min(...ends), Math.max(...ends));
}

function endsOf(series: BarChart["series"]): number[] {
  return series.flatMap(({ values, deviations, points = [] }) => [
    ...points.flat(),
    ...values.flatMap((value, i) => {
      const spread = deviations?.[i] ?? 0;
      return value === null ? [] : [value - spread, value + spread];
    }),
  ]);
}

function dot(x: number, y: number, colour: string): string {
  return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="4.5" fill="${colour}"/>`;
}

function ring(x: number, y: number, colour: string): string {
  return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="2.6" fill="#fff" stroke="${colour}"/>`;
}

function legend(names: readonly string[], y: number): string {
  let x = 70;
  return names
    .map((name, s) => {
      const part = `<rect x="${x}" y="${y - 9}" width="10" height="10" fill="${colourOf(s)}" rx="2"/>${svgText(name, x + 15, y, { size: 11 })}`;
      x += 32 + textWidth(name, 11);
      return part;
    })
    .join("");
}

function heading(title: string): string {
  return svgText(title, 20, 24, { size: 15, bold: true });
}

function rule(x1: number, y1: number, x2: number, y2: number): string {
  return `<path d="M${x1.toFixed(1)} ${y1.toFixed(1)}L${x2.toFixed(1)} ${y2.toFixed(1)}" stroke="${LINE}"/>`;
}

function whisker(x1: number, y1: number, x2: number, y2: number): string {
  return `<path d="M${x1.toFixed(1)} ${y1.toFixed(1)}L${x2.toFixed(1)} ${y2.toFixed(1)}" stroke="${INK}" stroke-width="1.4"/>`;
}

function valueText(value: number, x: number, y: number, anchor: "middle" | "end"): string {
  return svgText(tickText(value), x, y, { anchor, size: 11, colour: SOFT });
}

function colourOf(index: number): string {
  return SERIES_COLOURS[index % SERIES_COLOURS.length];
}

function finite(values: readonly number[]): number[] {
  const usable = values.filter(Number.isFinite);
  return usable.length > 0 ? usable : [0, 1];
}
