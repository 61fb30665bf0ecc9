/** Letters of 5×9 dots for legends in pictures: the same on every machine, whatever fonts it has. */

/** Rows from the top, one base-32 digit each, the highest bit on the left. Capitals are drawn small. */
const GLYPHS: Readonly<Record<string, string>> = {
  a: "00e1fhf00",
  b: "ggmphhu00",
  c: "00egghe00",
  d: "11djhhf00",
  e: "00ehvge00",
  f: "698s88800",
  g: "00fhhhf1e",
  h: "ggmphhh00",
  i: "40c444e00",
  j: "2062222ic",
  k: "ggikoki00",
  l: "c44444e00",
  m: "00qllhh00",
  n: "00mphhh00",
  o: "00ehhhe00",
  p: "00uhhhugg",
  q: "00fhhhf11",
  r: "00mpggg00",
  s: "00fge1u00",
  t: "88s889600",
  u: "00hhhjd00",
  v: "00hhha400",
  w: "00hhlla00",
  x: "00ha4ah00",
  y: "00hhhhf1e",
  z: "00v248v00",
  0: "ehjlphe00",
  1: "4c4444e00",
  2: "eh1248v00",
  3: "v2421he00",
  4: "26aiv2200",
  5: "vgu11he00",
  6: "68guhhe00",
  7: "v12488800",
  8: "ehhehhe00",
  9: "ehhf12c00",
  " ": "000000000",
  "-": "000e00000",
  _: "0000000v0",
  "..": "00000cc00",
  "/": "122488g00",
  ":": "00cc0cc00",
  ",": "00000cc48",
  "%": "op248j300",
  "(": "248884200",
  ")": "842224800",
  "+": "044v44000",
  "=": "00v0v0000",
  "×": "00ha4ah00",
  "±": "44v440v00",
  "–": "000v00000",
  "→": "042v24000",
};
const UNKNOWN = "vhhhhhv00";

export const GLYPH_HEIGHT = 9;
/** One dot of space after each letter. */
const ADVANCE = 6;

/** Width of a text in dots. */
export function textWidth(text: string): number {
  return ADVANCE * [...text].length;
}

/** Calls `dot` for every dot of the text, which begins at (0, 0). */
export function drawText(text: string, dot: (x: number, y: number) => void): void {
  [...text.toLowerCase()].forEach((letter, index) => {
    [...(GLYPHS[letter] ?? UNKNOWN)].forEach((digit, y) => {
      const row = Number.parseInt(digit, 32);
      for (let x = 0; x < 5; x++) if ((row >> (4 - x)) & 1) dot(index * ADVANCE + x, y);
    });
  });
}
