/** A line of what `gpu-check` found, and the table that is pasted into an issue. */

export interface CheckRow {
  /** The section that it belongs to, a word of `--only`. */
  readonly section: string;
  readonly name: string;
  /** Absent where only the note tells something. */
  readonly value?: number;
  /** "s", "GB", "%", "×", "× tolerance". */
  readonly unit?: string;
  /** Whether it is as it must be; absent for plain measurements. */
  readonly ok?: boolean;
  readonly note?: string;
}

/** Markdown: one table a section, in the order in which they ran. */
export function markdownOf(rows: readonly CheckRow[], title: string): string {
  const sections = [...new Set(rows.map(({ section }) => section))];
  const tables = sections.map((section) => {
    const lines = rows
      .filter((row) => row.section === section)
      .map((row) => `| ${[row.name, figure(row), verdict(row), row.note ?? ""].map(cell).join(" | ")} |`);
    return [`### ${section}`, "", "| what | figure | | note |", "|---|---|---|---|", ...lines].join("\n");
  });
  return `## ${title}\n\n${tables.join("\n\n")}\n`;
}

/** One row for the terminal. */
export function formatCheck(row: CheckRow): string {
  const note = row.note === undefined ? "" : `  ${row.note}`;
  return `${verdict(row).padEnd(6)} ${row.name.padEnd(52)} ${figure(row).padStart(14)}${note}`.trimEnd();
}

function figure({ value, unit }: CheckRow): string {
  if (value === undefined) return "";
  return `${Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)}${unit === undefined ? "" : ` ${unit}`}`;
}

function verdict({ ok }: CheckRow): string {
  return ok === undefined ? "" : ok ? "ok" : "FAILED";
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, "; ");
}
