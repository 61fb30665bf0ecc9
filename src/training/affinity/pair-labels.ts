/**
 * Which pairs of cells the affinity network learns from, and what it learns: alike where both are background or of one
 * class, unlike where they differ; nothing where either is unknown. docs/method.md, section 2.3; golden 05.
 */

/** Codes of a pair. */
export const NO_PAIR = 0;
export const BACKGROUND_PAIR = 1;
export const FOREGROUND_PAIR = 2;
export const NEGATIVE_PAIR = 3;

/**
 * How pairs lie around a cell.
 * window  all (2r+1)² neighbours, the cell itself included; neighbours outside the map have label 0, as in the reference
 *         (train_gated_aff.py)
 * disc    each pair once, closer than r + 1 cells, of cells whose whole half-disc lies inside the map (SEAM's train_aff.py)
 */
export type PairShape = "window" | "disc";

export interface PairGeometry {
  readonly height: number;
  readonly width: number;
  readonly radius: number;
  readonly shape: PairShape;
}

/**
 * @param label [h·w]: class, or `ignore`
 * @returns codes [n, d·d], offset (dy + r)·d + (dx + r)
 */
export function pairLabels(label: Uint8Array, ignore: number, geometry: PairGeometry): Uint8Array {
  const { height, width, radius, shape } = geometry;
  const d = 2 * radius + 1;
  const pairs = new Uint8Array(height * width * d * d);
  let at = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const own = label[y * width + x];
      const isCentre = shape === "window" || (y < height - radius && x >= radius && x < width - radius);
      for (let dy = -radius; dy <= radius; dy++)
        for (let dx = -radius; dx <= radius; dx++, at++) {
          if (own === ignore || !isCentre || (shape === "disc" && !inHalfDisc(dy, dx, radius))) continue;
          const inside = y + dy >= 0 && x + dx >= 0 && y + dy < height && x + dx < width;
          const other = inside ? label[(y + dy) * width + x + dx] : 0;
          if (other === ignore) continue;
          pairs[at] = own !== other ? NEGATIVE_PAIR : own === 0 ? BACKGROUND_PAIR : FOREGROUND_PAIR;
        }
    }
  return pairs;
}

/** Pairs of both cells inside the un-padded crop: 1, else 0. [n, d·d] */
export function insidePairs(inside: Uint8Array, { height, width, radius }: PairGeometry): Uint8Array {
  const d = 2 * radius + 1;
  const pairs = new Uint8Array(height * width * d * d);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (inside[y * width + x] === 0) continue;
      const from = (y * width + x) * d * d;
      for (let ny = Math.max(0, y - radius); ny <= Math.min(height - 1, y + radius); ny++)
        for (let nx = Math.max(0, x - radius); nx <= Math.min(width - 1, x + radius); nx++)
          pairs[from + (ny - y + radius) * d + nx - x + radius] = inside[ny * width + nx] === 0 ? 0 : 1;
    }
  return pairs;
}

function inHalfDisc(dy: number, dx: number, radius: number): boolean {
  return (dy > 0 || (dy === 0 && dx > 0)) && dy * dy + dx * dx < (radius + 1) ** 2;
}
