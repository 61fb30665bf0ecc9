/**
 * A photograph as a graph without any learned weights (docs/method.md, section 6.1): on the network's grid of 8×8
 * cells, features from colour, texture and position, and affinities in the window from the segments, colours and
 * textures of two cells.
 *
 * Features are memberships (of colours, textures, places), so they are ≥ 0 and a row divided by its sum is a
 * distribution, as the graph network expects of ResNet38's activations. They are few (about 56, not 5,632), so the
 * graph network learns from them faster: a third of the reference's learning rate suffices.
 */

import type { RgbImage } from "../data/image";
import type { WindowedMap } from "../window/windowed-map";
import { windowAffinity } from "./affinity";
import { blurCells, type CellGrid, cellGrid, cellMeans } from "./cells";
import { makeCodebook, softCodes } from "./codebook";
import { colourCodes, segmentColours } from "./colours";
import { type LabImage, smoothLab, toLab } from "./lab";
import { segmentImage } from "./segments";
import { cellTexture, TEXTURE_CHANNELS } from "./texture";

export interface HandcraftedGraph {
  /** Cells down and across: the image's size over 8, rounded up. */
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Memberships ≥ 0, [n, channels]; each row sums to 1. */
  readonly features: Float32Array;
  /** exp(−distance) in the window; 0 outside the map, 1 at the centre. */
  readonly affinity: WindowedMap;
}

/** Few prototypes: each then stands for a whole part of the scene, and what is learned of it holds elsewhere in the image. */
const COLOURS = 12;
const TEXTURES = 8;
/** Places across and down; a hint only, because where the seeds lie says little about where their thing ends. */
const KNOTS = 6;
const WEIGHTS = { cell: 1, around: 1, segment: 1.5, texture: 1, position: 0.1 };

/** Preference for large segments at three scales, and the fewest pixels of one; for images of about 500 pixels. */
const SEGMENT_SCALES: readonly number[] = [100, 400, 1500];
const SMALLEST_SEGMENTS: readonly number[] = [30, 80, 200];

/** @param radius of the window in cells */
export function handcraftedGraph(rgb: RgbImage, radius: number): HandcraftedGraph {
  const grid = cellGrid(rgb.width, rgb.height);
  const fine = smoothLab(toLab(rgb), 1);
  const smooth = smoothLab(fine, 3);
  const segmentations = segmentImage(fine, SEGMENT_SCALES, SMALLEST_SEGMENTS);
  const texture = cellTexture([fine, smooth], grid);
  const colours = colourCodes(smooth, grid, COLOURS);
  const coarsest = segmentations[segmentations.length - 1];
  const groups: Group[] = [
    { values: colours.cells, channels: COLOURS, weight: WEIGHTS.cell },
    { values: blurCells(colours.cells, COLOURS, grid, 2), channels: COLOURS, weight: WEIGHTS.around },
    { values: segmentColours(colours, coarsest, grid), channels: COLOURS, weight: WEIGHTS.segment },
    { values: textureCodes(texture), channels: TEXTURES, weight: WEIGHTS.texture },
    { values: positions(grid), channels: 2 * KNOTS, weight: WEIGHTS.position },
  ];
  return {
    height: grid.height,
    width: grid.width,
    ...joinGroups(groups, grid.height * grid.width),
    affinity: windowAffinity({ grid, radius, segmentations, colour: cellColours(fine, grid), texture }),
  };
}

/** Channels that are one distribution: rows sum to 1. */
interface Group {
  readonly values: Float32Array;
  readonly channels: number;
  readonly weight: number;
}

function joinGroups(groups: readonly Group[], cells: number): { channels: number; features: Float32Array } {
  const channels = groups.reduce((sum, group) => sum + group.channels, 0);
  const total = groups.reduce((sum, { weight }) => sum + weight, 0);
  const features = new Float32Array(cells * channels);
  let first = 0;
  for (const { values, channels: count, weight } of groups) {
    for (let i = 0; i < cells; i++)
      for (let c = 0; c < count; c++) features[i * channels + first + c] = (values[i * count + c] * weight) / total;
    first += count;
  }
  return { channels, features };
}

function textureCodes(texture: Float32Array): Float32Array {
  return softCodes(texture, makeCodebook(texture, TEXTURE_CHANNELS, TEXTURES));
}

/** Mean L*, a*, b* of each cell, [n, 3]. */
function cellColours(image: LabImage, grid: CellGrid): Float32Array {
  const planes = [image.l, image.a, image.b].map((plane) => cellMeans(plane, grid));
  return Float32Array.from({ length: 3 * planes[0].length }, (_, i) => planes[i % 3][Math.floor(i / 3)]);
}

/** Where a cell is: linear memberships among knots across and down, [n, 2·KNOTS]. */
function positions({ height, width }: CellGrid): Float32Array {
  const channels = 2 * KNOTS;
  const values = new Float32Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (const [axis, t] of [(x + 0.5) / width, (y + 0.5) / height].entries()) {
        const place = t * (KNOTS - 1);
        const lower = Math.min(KNOTS - 2, Math.floor(place));
        const at = (y * width + x) * channels + axis * KNOTS + lower;
        values[at] += 0.5 * (1 - place + lower);
        values[at + 1] += 0.5 * (place - lower);
      }
    }
  }
  return values;
}
