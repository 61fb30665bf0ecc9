/** Parts that every chart drawn as SVG is made of: text, scales, ticks, colours. */

/** Series colours that also differ in lightness. */
export const SERIES_COLOURS: readonly string[] = [
  "#2f7d6b",
  "#d1603d",
  "#4a6fb5",
  "#c9a227",
  "#8a5a9e",
  "#6b6f7a",
  "#a23b4a",
  "#5aa9c9",
];

export const INK = "#33363d";
export const SOFT = "#7a7e88";
export const LINE = "#dcdde2";

export interface TextStyle {
  readonly size?: number;
  readonly colour?: string;
  readonly anchor?: "start" | "middle" | "end";
  readonly bold?: boolean;
  /** Turned a quarter to the left: for the title of the vertical axis. */
  readonly upright?: boolean;
}

/** Text whose baseline is at (x, y). */
export function svgText(
  text: string,
  x: number,
  y: number,
  { size = 12, colour = INK, anchor = "start", bold = false, upright = false }: TextStyle = {},
): string {
  const turn = upright ? ` transform="rotate(-90 ${x} ${y})"` : "";
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${colour}" text-anchor="${anchor}"${bold ? ' font-weight="600"' : ""}${turn}>${escapeXml(text)}</text>`;
}

export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** The reverse of `escapeXml`. */
export function unescapeXml(text: string): string {
  return text.replaceAll("&quot;", '"').replaceAll("&gt;", ">").replaceAll("&lt;", "<").replaceAll("&amp;", "&");
}

/** Round numbers that cover [low, high], about five of them, ascending. */
export function ticks(low: number, high: number): number[] {
  const span = high > low ? high - low : Math.abs(high) || 1;
  const raw = span / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((each) => each * power >= raw) ?? 10) * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** A number as short as a tick wants it. */
export function tickText(value: number): string {
  if (value !== 0 && (Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3)) return value.toExponential(0);
  return String(Number(value.toPrecision(6)));
}

/** Maps [low, high] to [from, to]. */
export function linear(low: number, high: number, from: number, to: number): (value: number) => number {
  return (value) => from + ((to - from) * (value - low)) / (high - low || 1);
}

export function svgDocument(width: number, height: number, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, 'DejaVu Sans', 'Liberation Sans', Arial, sans-serif"><rect width="${width}" height="${height}" fill="#fff"/>${parts.join("")}</svg>`;
}
