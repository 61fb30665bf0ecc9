/**
 * The mean as numpy computes it: sums of eight interleaved parts in blocks of 128, blocks added in pairs. Only the last
 * digits depend on it, and with it COCO's figures equal pycocotools' in all of them.
 */

const BLOCK = 128;
const LANES = 8;

/** NaN of no values. */
export function numpyMean(values: ArrayLike<number>): number {
  return pairwiseSum(values, 0, values.length) / values.length;
}

function pairwiseSum(values: ArrayLike<number>, from: number, count: number): number {
  if (count < LANES) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += values[from + i];
    return sum;
  }
  if (count > BLOCK) {
    const half = Math.floor(count / 2);
    const first = half - (half % LANES);
    return pairwiseSum(values, from, first) + pairwiseSum(values, from + first, count - first);
  }
  const lanes = Array.from({ length: LANES }, (_, lane) => values[from + lane]);
  const whole = count - (count % LANES);
  for (let i = LANES; i < whole; i++) lanes[i % LANES] += values[from + i];
  const [a, b, c, d, e, f, g, h] = lanes;
  let sum = a + b + (c + d) + (e + f + (g + h));
  for (let i = whole; i < count; i++) sum += values[from + i];
  return sum;
}
