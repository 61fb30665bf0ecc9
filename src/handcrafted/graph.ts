/**
 * A photograph as a graph without any learned weights (DESIGN, decision 9): on the network's grid of 8×8 cells, features
 * from colour, texture and position, and affinities in the window from what lies between two cells.
 *
 * Features are memberships (of colours, textures, places), so they are ≥ 0 and a row divided by its sum is a
 * distribution, as the graph network expects of ResNet38's activations.
 */

import type { RgbImage } from "../data/image";
import { blurCells, type CellGrid, cellGrid, cellMeans } from "./cells";
import { makeCodebook, softCodes } from "./codebook";
import { windowDistances } from "./distances";
import { type LabImage, smoothLab, toLab } from "./lab";
import { type Segmentation, segmentImage } from "./segments";
import { cellTexture, TEXTURE_CHANNELS } from "./texture";

export interface HandcraftedGraph {
  /** Cells down and across: the image's size over 8, rounded up. */
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Memberships ≥ 0, [n, channels]; each row sums to 1. */
  readonly features: Float32Array;
  /** exp(−distance) in the window, [n, d·d], d = 2·radius + 1; 0 outside the map, 1 at the centre. */
  readonly affinity: Float32Array;
}

export const P = {
  colours: 24,
  textures: 12,
  knots: 6,
  wFine: 1,
  wWide: 1,
  wSeg: 1,
  wTex: 0.7,
  wPos: 0.5,
  scales: [60, 200, 600],
  smallest: [20, 60, 150],
  aSeg: 1,
  aCol: 1,
  aTex: 0.5,
  aEdge: 0,
  target: 0.5,
  quantile: 0.5,
  maxScale: 12,
  minScale: 1,
  sigma: 12,
  width: 1,
};

export function handcraftedGraph(rgb: RgbImage, radius: number): HandcraftedGraph {
  const grid = cellGrid(rgb.width, rgb.height);
  const cells = grid.height * grid.width;
  const lab = smoothLab(toLab(rgb), 1);
  const smooth = smoothLab(lab, 3);
  const segmentations = segmentImage(lab, P.scales, P.smallest);
  const texture = textureDescriptor(cellTexture([lab, smooth], grid), grid);
  const colour = cellColours(lab, grid);

  const groups: { values: Float32Array; channels: number; weight: number }[] = [];
  const codes = colourCodes(smooth, grid);
  groups.push({ values: codes.cells, channels: P.colours, weight: P.wFine });
  groups.push({ values: blurCells(codes.cells, P.colours, grid, 2), channels: P.colours, weight: P.wWide });
  const coarse = segmentations[segmentations.length - 1];
  groups.push({ values: overSegments(codes.pixels, P.colours, coarse, grid), channels: P.colours, weight: P.wSeg });
  const textureBook = makeCodebook(texture, TEXTURE_CHANNELS, P.textures);
  groups.push({ values: softCodes(texture, textureBook), channels: P.textures, weight: P.wTex });
  groups.push({ values: positions(grid), channels: 2 * P.knots, weight: P.wPos });

  const channels = groups.reduce((sum, group) => sum + group.channels, 0);
  const total = groups.reduce((sum, group) => sum + group.weight, 0);
  const features = new Float32Array(cells * channels);
  let first = 0;
  for (const { values, channels: count, weight } of groups) {
    for (let i = 0; i < cells; i++)
      for (let c = 0; c < count; c++) features[i * channels + first + c] = (values[i * count + c] * weight) / total;
    first += count;
  }
  const affinity = windowDistances(
    { grid, radius, segmentations, colour, texture, textureChannels: TEXTURE_CHANNELS },
    P,
  );
  return { height: grid.height, width: grid.width, channels, features, affinity };
}

/** Energies as logarithms (doubling the contrast is a step, at any contrast), averaged over 3×3 cells, scaled to σ = 1. */
function textureDescriptor(texture: Float32Array, grid: CellGrid): Float32Array {
  const cells = grid.height * grid.width;
  const values = blurCells(
    texture.map((value, i) => (i % TEXTURE_CHANNELS < TEXTURE_CHANNELS - 6 ? Math.log(1 + value) : Math.sqrt(value))),
    TEXTURE_CHANNELS,
    grid,
    1,
  );
  for (let c = 0; c < TEXTURE_CHANNELS; c++) {
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < cells; i++) {
      sum += values[i * TEXTURE_CHANNELS + c];
      squares += values[i * TEXTURE_CHANNELS + c] ** 2;
    }
    const mean = sum / cells;
    const sigma = Math.sqrt(Math.max(0, squares / cells - mean * mean)) + 0.03;
    const scale = 1 / (sigma * Math.sqrt(TEXTURE_CHANNELS));
    for (let i = 0; i < cells; i++)
      values[i * TEXTURE_CHANNELS + c] = (values[i * TEXTURE_CHANNELS + c] - mean) * scale;
  }
  return values;
}

function cellColours(image: LabImage, grid: CellGrid): Float32Array {
  const planes = [image.l, image.a, image.b].map((plane) => cellMeans(plane, grid));
  return Float32Array.from({ length: 3 * planes[0].length }, (_, i) => planes[i % 3][Math.floor(i / 3)]);
}

/** Memberships of half-resolution pixels in the image's own colours, and their means per cell. */
function colourCodes(
  { width, height, l, a, b }: LabImage,
  grid: CellGrid,
): { pixels: Float32Array; cells: Float32Array } {
  const w = Math.ceil(width / 2);
  const h = Math.ceil(height / 2);
  const vectors = new Float32Array(w * h * 3);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const from = Math.min(height - 1, 2 * y) * width + Math.min(width - 1, 2 * x);
      // Brightness counts for less than hue: light changes across a thing.
      vectors.set([0.6 * l[from], a[from], b[from]], 3 * (y * w + x));
    }
  }
  const sample = vectors.filter((_, i) => Math.floor(i / 3) % 5 === 0);
  const book = makeCodebook(sample, 3, P.colours);
  const pixels = softCodes(vectors, book, P.width * Math.sqrt(book.spread + 1));
  const cells = new Float32Array(grid.height * grid.width * P.colours);
  const counts = new Int32Array(grid.height * grid.width);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const cell = (y >> 2) * grid.width + (x >> 2);
      counts[cell]++;
      for (let k = 0; k < P.colours; k++) cells[cell * P.colours + k] += pixels[(y * w + x) * P.colours + k];
    }
  }
  for (let i = 0; i < cells.length; i++) cells[i] /= counts[Math.floor(i / P.colours)];
  return { pixels, cells };
}

/** The memberships of whole segments, averaged over each cell's pixels: edges are respected. */
function overSegments(
  codes: Float32Array,
  channels: number,
  { count, segment }: Segmentation,
  grid: CellGrid,
): Float32Array {
  const { imageWidth, imageHeight, width } = grid;
  const w = Math.ceil(imageWidth / 2);
  const h = Math.ceil(imageHeight / 2);
  const sums = new Float32Array(count * channels);
  const sizes = new Int32Array(count);
  const cellSums = new Float32Array(grid.height * width * channels);
  const cellSizes = new Int32Array(grid.height * width);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const s = segment[2 * y * imageWidth + 2 * x];
      sizes[s]++;
      for (let k = 0; k < channels; k++) sums[s * channels + k] += codes[(y * w + x) * channels + k];
    }
  }
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const s = segment[2 * y * imageWidth + 2 * x];
      const cell = (y >> 2) * width + (x >> 2);
      cellSizes[cell]++;
      for (let k = 0; k < channels; k++) cellSums[cell * channels + k] += sums[s * channels + k] / sizes[s];
    }
  }
  return cellSums.map((sum, i) => sum / cellSizes[Math.floor(i / channels)]);
}

/** Where a cell is: linear memberships among knots across and down. */
function positions({ height, width }: CellGrid): Float32Array {
  const channels = 2 * P.knots;
  const values = new Float32Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (const [axis, t] of [(x + 0.5) / width, (y + 0.5) / height].entries()) {
        const place = t * (P.knots - 1);
        const lower = Math.min(P.knots - 2, Math.floor(place));
        const at = (y * width + x) * channels + axis * P.knots + lower;
        values[at] += 0.5 * (1 - place + lower);
        values[at + 1] += 0.5 * (place - lower);
      }
    }
  }
  return values;
}
