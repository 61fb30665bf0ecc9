/**
 * Kernels of the gated CRF losses: how alike the position and colour of two cells are, inside a window. They depend on
 * the image only. Plain arrays, so that worker threads can make them. docs/method.md, sections 2.3 and 3.4; goldens 05,
 * 07.
 */

/** One kernel: its weight, and the standard deviations of position (cells) and, where given, colour. */
export interface KernelDescription {
  readonly weight: number;
  readonly xy?: number;
  readonly rgb?: number;
}

/** Windowed kernels [n, d·d], before any mask. @param colour [n·3], the normalised image at the grid's size */
export function gatedCrfKernels(
  colour: Float32Array,
  height: number,
  width: number,
  radius: number,
  kernels: readonly KernelDescription[],
): Float32Array {
  const d = 2 * radius + 1;
  const out = new Float32Array(height * width * d * d);
  for (const { weight, xy, rgb } of kernels) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const node = y * width + x;
        for (let offset = 0; offset < d * d; offset++) {
          const ny = y + Math.floor(offset / d) - radius;
          const nx = x + (offset % d) - radius;
          if (ny === y && nx === x) continue;
          const inside = ny >= 0 && nx >= 0 && ny < height && nx < width;
          let distance = 0;
          if (xy !== undefined) {
            // reference: the zero padding of unfold puts every neighbour outside the map at position (0, 0)
            distance += (((inside ? nx : 0) - x) / xy) ** 2 + (((inside ? ny : 0) - y) / xy) ** 2;
          }
          if (rgb !== undefined) {
            for (let c = 0; c < 3; c++) {
              const neighbour = inside ? colour[(ny * width + nx) * 3 + c] : 0;
              distance += ((neighbour - colour[node * 3 + c]) / rgb) ** 2;
            }
          }
          out[node * d * d + offset] += weight * Math.exp(-0.5 * distance);
        }
      }
    }
  }
  return out;
}
