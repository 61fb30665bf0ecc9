/**
 * What a graph network has learned from a photograph, and what a further training of the same photograph begins with. A
 * class of which it has seen no seed cannot catch up with trained ones in a few steps: with such a class everything is
 * learned from the beginning.
 */

import * as tf from "@tensorflow/tfjs";
import { expected } from "../errors";
import { initialParameters, parameterList } from "../graph/a2gnn";
import type { ImageGraph } from "../graph/image-graph";
import type { NdArray } from "../nd-array";
import type { ImageClasses } from "./image-classes";

export interface LearnedParameters {
  /** Feature channels of the graph, empty ones included. */
  readonly channels: number;
  /** The channels that its features kept: the rows of W₀. */
  readonly columns: Int32Array;
  /** The data set's class of each column of W₁. */
  readonly classes: ImageClasses;
  /** The data set's classes that had seeds, background among them where it had some. */
  readonly taught: readonly number[];
  /** Parameters of the network, in its own order; A2GNN's: W₀ [columns, m], β of each layer, W₁ [m, K]. */
  readonly parameters: readonly NdArray<Float32Array>[];
}

/** Whether a training on seeds of these classes can resume: none of them is new. */
export function canResume({ taught }: LearnedParameters, classes: Iterable<number>): boolean {
  return [...classes].every((label) => taught.includes(label));
}

/**
 * @param other whether the network is another one than A2GNN: its parameters serve as they are, if at all
 * @throws UserError "usage" where the earlier network had other features, hidden units, or layers
 */
export function resumedParameters(
  learned: LearnedParameters,
  { channels, columns }: Pick<ImageGraph, "channels" | "columns">,
  classes: ImageClasses,
  { hidden, layers, seed }: { readonly hidden: number; readonly layers: number; readonly seed: number },
  other = false,
): readonly NdArray[] {
  const { parameters } = learned;
  if (other) return parameters;
  const [embedding, ...rest] = parameters;
  const [betas, output] = [rest.slice(0, -1), rest[rest.length - 1]];
  const shape = (c: number, m: number, depth: number): string => `${c} channels, ${m} hidden units, ${depth} layers`;
  const wanted = shape(channels, hidden, layers);
  const got = shape(learned.channels, embedding.shape[1], betas.length);
  if (wanted !== got) throw expected("usage", `an earlier network of ${wanted}`, got, "initial");
  if (String(columns) === String(learned.columns) && String(classes) === String(learned.classes)) return parameters;
  const [first, ...others] = randomParameters({ channels, columns }, classes.length, { hidden, layers, seed });
  const last = others[others.length - 1];
  copyRows(embedding.data, [...learned.columns], first.data, [...columns], hidden);
  copyColumns(output, learned.classes, last, classes);
  return [first, ...betas, last];
}

function randomParameters(
  graph: Pick<ImageGraph, "channels" | "columns">,
  classes: number,
  options: { readonly hidden: number; readonly layers: number; readonly seed: number },
): NdArray<Float32Array>[] {
  return tf.tidy(() =>
    parameterList(initialParameters(graph, { ...options, classes })).map((tensor) => ({
      shape: tensor.shape,
      data: Float32Array.from(tensor.dataSync()),
    })),
  );
}

/** Rows of one matrix into those of another that go by the same name. */
function copyRows(
  from: Float32Array,
  names: readonly number[],
  to: Float32Array,
  wanted: readonly number[],
  width: number,
): void {
  const rowOf = new Map(names.map((name, row) => [name, row]));
  for (const [row, name] of wanted.entries()) {
    const earlier = rowOf.get(name);
    if (earlier !== undefined) to.set(from.subarray(earlier * width, (earlier + 1) * width), row * width);
  }
}

/** The same with columns. */
function copyColumns(
  from: NdArray<Float32Array>,
  names: readonly number[],
  to: NdArray<Float32Array>,
  wanted: readonly number[],
): void {
  for (const [column, name] of wanted.entries()) {
    const earlier = names.indexOf(name);
    if (earlier < 0) continue;
    for (let row = 0; row < to.shape[0]; row++)
      to.data[row * wanted.length + column] = from.data[row * names.length + earlier];
  }
}
