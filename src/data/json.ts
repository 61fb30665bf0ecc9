/** JSON that others wrote: nesting is bounded, since whatever walks a value by recursion would run out of stack. */

/** Deepest nesting that is read; annotation files have less than ten. */
export const MAX_JSON_DEPTH = 100;

/** `JSON.parse`, but for texts nested too deeply. @throws Error for those, SyntaxError for what is no JSON */
export function parseJson(text: string): unknown {
  const { depth, containers } = extentOf(text);
  if (depth > MAX_JSON_DEPTH) throw new Error(`nested more than ${MAX_JSON_DEPTH} deep`);
  if (containers > SPARE_CONTAINERS + text.length / CHARACTERS_A_CONTAINER)
    throw new Error(`${containers} lists and objects in ${text.length} characters`);
  return JSON.parse(text);
}

/** Each list or object takes some 60 bytes of memory; the corners of polygons, `[12,34],`, are the most of them. */
const SPARE_CONTAINERS = 1 << 20;
const CHARACTERS_A_CONTAINER = 8;

/** A value out of JSON as messages show it: at most 80 characters. */
export function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value).slice(0, 80);
}

/** Deepest nesting, and the number of lists and objects; of a text that is no JSON, of its beginning. */
function extentOf(text: string): { depth: number; containers: number } {
  let [depth, deepest, containers] = [0, 0, 0];
  let inText = false;
  for (let i = 0; i < text.length && deepest <= MAX_JSON_DEPTH; i++) {
    const character = text.charCodeAt(i);
    if (inText && character === BACKSLASH) i++;
    else if (character === QUOTE) inText = !inText;
    else if (inText) continue;
    else if (character === OPEN_LIST || character === OPEN_OBJECT) {
      containers++;
      deepest = Math.max(deepest, ++depth);
    } else if (character === CLOSE_LIST || character === CLOSE_OBJECT) depth--;
  }
  return { depth: deepest, containers };
}

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from('"\\[]{}');
