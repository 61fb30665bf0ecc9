/** JSON that others wrote: nesting is bounded, since whatever walks a value by recursion would run out of stack. */

/** Deepest nesting that is read; annotation files have less than ten. */
export const MAX_JSON_DEPTH = 100;

/** `JSON.parse`, but for texts nested too deeply. @throws Error for those, SyntaxError for what is no JSON */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (isDeeperThan(text, MAX_JSON_DEPTH)) throw new Error(`nested more than ${MAX_JSON_DEPTH} deep`);
  return value;
}

/** A value out of JSON as messages show it: at most 80 characters. */
export function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value).slice(0, 80);
}

/** Whether a JSON text is nested deeper than the limit. */
function isDeeperThan(text: string, limit: number): boolean {
  let depth = 0;
  let inText = false;
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (inText && character === BACKSLASH) i++;
    else if (character === QUOTE) inText = !inText;
    else if (inText) continue;
    else if (character === OPEN_LIST || character === OPEN_OBJECT) depth++;
    else if (character === CLOSE_LIST || character === CLOSE_OBJECT) depth--;
    if (depth > limit) return true;
  }
  return false;
}

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from('"\\[]{}');
