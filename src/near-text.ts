/** Which of the known words a mistyped or differently spelled one may mean. */

/** Changes of single characters that turn one text into the other (Levenshtein). */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
}

/**
 * Known words near `word`, the nearest first: few characters differ, one is part of the other, or they begin alike. Upper
 * and lower case, spaces, `_` and `-` do not count.
 * @param most how many at most
 */
export function nearWords(word: string, known: readonly string[], most = 3): string[] {
  const wanted = plain(word);
  if (wanted === "" || wanted.length > MAX_LENGTH) return [];
  return known
    .map((each) => ({ each, distance: distance(wanted, plain(each)) }))
    .filter(({ distance }) => distance < 1)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, most)
    .map(({ each }) => each);
}

/** Longer words are no names, and comparing them takes its time. */
const MAX_LENGTH = 200;

function plain(word: string): string {
  return word
    .normalize("NFC")
    .toLowerCase()
    .replace(/[\s_-]+/g, "");
}

/** 0 for the same word, below 1 for a near one. */
function distance(wanted: string, other: string): number {
  if (wanted === other) return 0;
  if (other === "" || other.length > MAX_LENGTH) return 1;
  const [short, long] = wanted.length < other.length ? [wanted, other] : [other, wanted];
  const edits = editDistance(wanted, other);
  if (edits <= Math.max(1, Math.floor(long.length / 3)) && edits < short.length) return (0.6 * edits) / long.length;
  if (short.length >= 2 && long.includes(short)) return 0.5 + 0.3 * (1 - short.length / long.length);
  let shared = 0;
  while (shared < short.length && short[shared] === long[shared]) shared++;
  return shared >= 4 && shared / long.length >= 0.5 ? 0.9 : 1;
}
