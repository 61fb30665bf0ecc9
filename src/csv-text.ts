/**
 * Tables as CSV. Names of classes and stages come from anywhere, and a spreadsheet takes a cell that begins with = + - or @
 * for a formula, which may open files or addresses: such text gets an apostrophe in front, by which sheets know text.
 */

export type CsvCell = string | number | boolean;

/** @param rows the heading first; numbers and booleans stand as they are */
export function csvText(rows: readonly (readonly CsvCell[])[]): string {
  return `${rows.map((row) => row.map(cellText).join(",")).join("\n")}\n`;
}

// --- internal ---

function cellText(cell: CsvCell): string {
  if (typeof cell !== "string") return String(cell);
  const isNumber = cell.trim() !== "" && Number.isFinite(Number(cell));
  const text = !isNumber && /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
