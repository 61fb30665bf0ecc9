/**
 * Graphs from files, so that the features of any network serve: NAME.npy holds the features of the cells of one image,
 * [h, w, c], and NAME.affinity.npy, where there is one, how alike they are, [h, w, d, d]. A cell is a square of whole
 * pixels; the grid covers the photograph padded on the right and bottom.
 */

import path from "node:path";
import type { ResolvedConfig } from "../config/pseudo-label-presets";
import { fileExists, readBounded } from "../data/bounded-file";
import type { ImageSize } from "../data/dataset";
import type { RgbImage } from "../data/image";
import { expected, UserError } from "../errors";
import { graphFromFeatures } from "../graph/graph-from-features";
import type { ImageGraph } from "../graph/image-graph";
import type { NdArray } from "../nd-array";
import { decodeNpy } from "../weights/npy";
import { CELL, type WindowedMap, windowedMap } from "../window/windowed-map";

export interface GraphSource {
  /** For reports: the weight file's name, the folder's, or "handcrafted". */
  readonly description: string;
  /**
   * The caller disposes the graph.
   * @param name the image's, for files
   * @param pause awaited between the parts of a long building; what it throws ends the building
   */
  buildGraph(image: RgbImage, name?: string, pause?: () => Promise<void>): Promise<ImageGraph>;
  dispose(): void;
}

/** 2 GB: 100 × 100 cells of 50,000 channels. */
const MAX_BYTES = 2_000_000_000;

export function openGraphFiles({
  graphDir,
  graphStride,
  graphNormalise,
  radius,
}: Pick<ResolvedConfig, "graphStride" | "graphNormalise" | "radius"> & { readonly graphDir: string }): GraphSource {
  return {
    description: path.basename(path.resolve(graphDir)),
    async buildGraph(image, name = "") {
      const file = path.join(graphDir, `${name}.npy`);
      const features = await readArray(file, "features of the cells");
      if (features.shape.length !== 3)
        throw expected("input", "features [height, width, channels]", `[${features.shape.join(", ")}]`, file);
      const [height, width] = features.shape;
      const stride = strideOf(image, { height, width }, graphStride, file);
      const beside = path.join(graphDir, `${name}.affinity.npy`);
      const affinity = (await fileExists(beside)) ? await readAffinity(beside, { height, width }) : undefined;
      return graphFromFeatures(features, {
        radius: affinity?.radius ?? radius,
        ...(affinity === undefined ? {} : { affinity }),
        stride,
        ...(graphNormalise === undefined ? {} : { normalise: graphNormalise }),
        where: file,
      });
    },
    dispose() {},
  };
}

async function readAffinity(file: string, { height, width }: ImageSize): Promise<WindowedMap> {
  const { shape, data } = await readArray(file, "affinities of the cells");
  const [h, w, d] = shape;
  if (shape.length !== 4 || h !== height || w !== width || d !== shape[3] || d % 2 !== 1)
    throw expected("input", `affinities [${height}, ${width}, d, d] with an odd d`, `[${shape.join(", ")}]`, file);
  return windowedMap(Float32Array.from(data), { height, width, radius: (d - 1) / 2 });
}

async function readArray(file: string, what: string): Promise<NdArray> {
  try {
    return decodeNpy(await readBounded(file, MAX_BYTES, what), file);
  } catch (error) {
    // The file is input here, not weights.
    if (error instanceof UserError && error.code === "weights")
      throw new UserError("input", error.message, { cause: error });
    throw error;
  }
}

/** The side of a cell for which ⌈H / side⌉ × ⌈W / side⌉ cells cover the photograph. @throws UserError "input" */
function strideOf(image: ImageSize, grid: ImageSize, given: number | undefined, file: string): number {
  const fits = (side: number): boolean =>
    Math.ceil(image.height / side) === grid.height && Math.ceil(image.width / side) === grid.width;
  const candidates = Array.from({ length: Math.max(image.height, image.width) }, (_, i) => i + 1).filter(fits);
  if (given !== undefined ? fits(given) : candidates.length === 1) return given ?? candidates[0];
  if (given === undefined && fits(CELL)) return CELL;
  const size = `${image.width}×${image.height} pixels`;
  const got = `${grid.height}×${grid.width}`;
  if (given === undefined && candidates.length > 1)
    throw new UserError(
      "input",
      `cells of ${candidates[0]} to ${candidates[candidates.length - 1]} pixels make ${got} of a photograph of ${size} (${file}): ` +
        "say with --graph-stride which it is",
    );
  const side = given ?? CELL;
  const wanted = `${Math.ceil(image.height / side)}×${Math.ceil(image.width / side)} cells at ${side} pixels a cell`;
  throw expected("input", `${wanted} for a photograph of ${size}`, got, file);
}
