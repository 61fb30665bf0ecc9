/**
 * Text as a terminal, a log or a sheet may show it. Names of files and classes come from anywhere: a control character in
 * one could move the cursor, colour the screen or hide what follows, so each is shown by its number instead.
 */

/** C0 but for tab and line feed, DEL, C1, and the characters that turn the direction of text or break lines unseen. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** The same text with its control characters as `\x1b` or `\u202e`. */
export function withoutControls(text: string): string {
  return text.replace(CONTROLS, (character) => {
    const code = character.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
  });
}

/** Columns of a terminal that every message and help text fits. */
export const COLUMNS = 80;

/**
 * The text with lines of at most `width` characters, broken between words; a single word may be longer, lines that are
 * there already stay.
 * @param indent spaces before every line that is made, which count
 */
export function wrapped(text: string, width: number = COLUMNS, indent = 0): string {
  return text
    .split("\n")
    .map((line) => ([...line].length <= width ? line : wrappedLine(line, width, indent)))
    .join("\n");
}

function wrappedLine(line: string, width: number, indent: number): string {
  const lines: string[] = [];
  for (const word of line.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && [...last].length + 1 + [...word].length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(lines.length === 0 ? word : " ".repeat(indent) + word);
  }
  return lines.join("\n");
}
