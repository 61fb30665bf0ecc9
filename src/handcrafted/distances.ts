/** How unlike two cells are, from the segments they share, their colours and their textures; then exp(−distance). */

import type { CellGrid } from "./cells";
import type { Segmentation } from "./segments";

export interface DistanceInput {
  readonly grid: CellGrid;
  readonly radius: number;
  readonly segmentations: readonly Segmentation[];
  /** Mean Lab [n, 3]. */
  readonly colour: Float32Array;
  readonly texture: Float32Array;
  readonly textureChannels: number;
}

export interface AffinityParameters {
  aSeg: number;
  aCol: number;
  aTex: number;
  sigma: number;
  target: number;
  quantile: number;
  minScale: number;
  maxScale: number;
}

export function windowDistances(input: DistanceInput, P: AffinityParameters): Float32Array {
  const {
    grid: { height, width },
    radius,
    colour,
    texture,
    textureChannels,
  } = input;
  const d = 2 * radius + 1;
  const n = height * width;
  const shares = input.segmentations.map((segmentation) => cellShares(segmentation, input.grid));
  const distance = new Float32Array(n * d * d).fill(-1);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      for (let dy = -radius; dy <= radius; dy++)
        for (let dx = -radius; dx <= radius; dx++) {
          const Y = y + dy,
            X = x + dx;
          if (Y < 0 || X < 0 || Y >= height || X >= width) continue;
          const j = Y * width + X;
          let apart = 0;
          for (const share of shares) apart += 1 - overlap(share, i, j);
          apart /= shares.length;
          const col =
            Math.sqrt(
              (colour[3 * i] - colour[3 * j]) ** 2 +
                (colour[3 * i + 1] - colour[3 * j + 1]) ** 2 +
                (colour[3 * i + 2] - colour[3 * j + 2]) ** 2,
            ) / P.sigma;
          let tex = 0;
          for (let c = 0; c < textureChannels; c++)
            tex += (texture[i * textureChannels + c] - texture[j * textureChannels + c]) ** 2;
          const v = P.aSeg * apart + P.aCol * (1 - Math.exp((-col * col) / 2)) + P.aTex * (1 - Math.exp(-tex));
          distance[i * d * d + (dy + radius) * d + dx + radius] = i === j ? 0 : v;
        }
    }
  // calibrate
  const sample: number[] = [];
  for (let k = 0; k < distance.length; k += 7) if (distance[k] > 0) sample.push(distance[k]);
  sample.sort((a, b) => a - b);
  const median = sample[Math.floor(sample.length * P.quantile)];
  const scale = Math.min(P.maxScale, Math.max(P.minScale, -Math.log(P.target) / median));
  return distance.map((v) => (v < 0 ? 0 : Math.exp(-v * scale)));
}

interface Shares {
  start: Int32Array;
  segment: Int32Array;
  share: Float32Array;
}

function cellShares({ segment }: Segmentation, { height, width, imageWidth, imageHeight }: CellGrid): Shares {
  const start = new Int32Array(height * width + 1);
  const segs: number[] = [],
    vals: number[] = [];
  for (let j = 0; j < height; j++)
    for (let i = 0; i < width; i++) {
      const m = new Map<number, number>();
      let c = 0;
      for (let y = j * 8; y < Math.min(imageHeight, j * 8 + 8); y++)
        for (let x = i * 8; x < Math.min(imageWidth, i * 8 + 8); x++) {
          const s = segment[y * imageWidth + x];
          m.set(s, (m.get(s) ?? 0) + 1);
          c++;
        }
      const keys = [...m.keys()].sort((a, b) => a - b);
      for (const k of keys) {
        segs.push(k);
        vals.push((m.get(k) as number) / c);
      }
      start[j * width + i + 1] = segs.length;
    }
  return { start, segment: Int32Array.from(segs), share: Float32Array.from(vals) };
}

function overlap({ start, segment, share }: Shares, i: number, j: number): number {
  let p = start[i],
    q = start[j],
    sum = 0;
  while (p < start[i + 1] && q < start[j + 1]) {
    if (segment[p] === segment[q]) sum += Math.min(share[p++], share[q++]);
    else if (segment[p] < segment[q]) p++;
    else q++;
  }
  return sum;
}
