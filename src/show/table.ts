/** Plain rows as a table below the cell, and as a danfo DataFrame and back. Danfo is the notebooks' own, not the library's. */

import { createRequire } from "node:module";
import path from "node:path";
import { messageOf, UserError } from "../errors";
import { escapeXml } from "./chart-parts";
import { type Shown, show } from "./display";

export type Cell = string | number | boolean | null | undefined;
export type Row = Readonly<Record<string, Cell>>;

export interface TableOptions {
  /** Digits after the point. Default 3. */
  readonly digits?: number;
}

/** Shows rows as a table: columns are the keys, in the order they first come. */
export function showTable(rows: readonly object[], options: TableOptions = {}): Shown {
  return show({ "text/html": tableHtml(rows, options), "text/markdown": tableMarkdown(rows, options) });
}

/** @param rows objects whose values are text, numbers, booleans or nothing; other values are left out */
export function tableHtml(rows: readonly object[], { digits = 3 }: TableOptions = {}): string {
  const columns = columnsOf(rows);
  const align = (name: string): string => (isNumeric(rows, name) ? "right" : "left");
  const cell = (row: object, name: string): string =>
    `<td style="text-align:${align(name)}">${escapeXml(cellText(cellOf(row, name), digits))}</td>`;
  const head = columns.map((name) => `<th style="text-align:${align(name)}">${escapeXml(name)}</th>`);
  const body = rows.map((row) => `<tr>${columns.map((name) => cell(row, name)).join("")}</tr>`);
  return `<table><thead><tr>${head.join("")}</tr></thead><tbody>${body.join("")}</tbody></table>`;
}

/** The same in Markdown. */
export function tableMarkdown(rows: readonly object[], { digits = 3 }: TableOptions = {}): string {
  const columns = columnsOf(rows);
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
  return [
    line(columns),
    line(columns.map((name) => (isNumeric(rows, name) ? "---:" : "---"))),
    ...rows.map((row) => line(columns.map((name) => cellText(cellOf(row, name), digits)))),
  ].join("\n");
}

/** What of danfo's DataFrame is used here; cells get danfo's own type by importing danfojs-node themselves. */
export interface DataFrameLike {
  readonly columns: readonly string[];
  readonly values: unknown;
}

/** Rows as a danfo DataFrame; nothing becomes null. @throws UserError "environment" where danfojs-node is not installed */
export function toDataFrame(rows: readonly object[]): DataFrameLike {
  const columns = columnsOf(rows);
  const plain = rows.map((row) => Object.fromEntries(columns.map((name) => [name, cellOf(row, name) ?? null])));
  return new (danfo().DataFrame)(plain, { columns });
}

/** A DataFrame's rows; danfo's NaN and undefined become null. */
export function fromDataFrame(frame: DataFrameLike): Row[] {
  return (frame.values as unknown[][]).map((values) =>
    Object.fromEntries(frame.columns.map((name, i) => [name, missingAsNull(values[i])])),
  );
}

// --- internal ---

interface Danfo {
  readonly DataFrame: new (rows: object[], options: { columns: string[] }) => DataFrameLike;
}

/** Looked for where the notebook is, as the cell itself would. */
function danfo(): Danfo {
  const fromNotebook = createRequire(path.join(process.cwd(), "notebook.js"));
  try {
    return fromNotebook("danfojs-node") as Danfo;
  } catch (error) {
    throw new UserError(
      "environment",
      `danfojs-node cannot be loaded (npm run lab installs it for the notebooks): ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function columnsOf(rows: readonly object[]): string[] {
  const names = new Set<string>();
  for (const row of rows) for (const [name, value] of Object.entries(row)) if (isCell(value)) names.add(name);
  return [...names];
}

function isNumeric(rows: readonly object[], name: string): boolean {
  return rows.some((row) => typeof cellOf(row, name) === "number");
}

function cellOf(row: object, name: string): Cell {
  const value = (row as Record<string, unknown>)[name];
  return isCell(value) ? value : undefined;
}

function isCell(value: unknown): value is Cell {
  return value === null || ["string", "number", "boolean", "undefined"].includes(typeof value);
}

function cellText(value: Cell, digits: number): string {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  return Number.isInteger(value) ? String(value) : value.toFixed(digits);
}

function missingAsNull(value: unknown): Cell {
  if (value === undefined || value === null || Number.isNaN(value)) return null;
  return isCell(value) ? value : String(value);
}
