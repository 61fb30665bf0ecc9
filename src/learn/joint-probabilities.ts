/**
 * Two opinions about a photograph as one: the graph network's, which saw its weak label alone, and the segmentation network's,
 * which saw all photographs. Both are taken as independent evidence, so their probabilities multiply; classes that the
 * weak label does not name are out of the question.
 */

import type { ClassProbabilities } from "./probability-maps";

/** No opinion is so sure that the other could not overrule it; what a person drew is certain by itself later. */
const LEAST = 1e-3;

/**
 * @param own of the weak label, in the classes that it names
 * @param seen of the segmentation network, [H·W, all classes]
 * @param count of all classes
 */
export function jointProbabilities(own: ClassProbabilities, seen: Float32Array, count: number): ClassProbabilities {
  const { classes, probabilities, width, height } = own;
  const joint = new Float32Array(probabilities.length);
  for (let i = 0; i < width * height; i++) {
    const at = i * classes.length;
    let sum = 0;
    for (const [column, label] of classes.entries()) {
      const value = (probabilities[at + column] + LEAST) * (seen[i * count + label] + LEAST);
      joint[at + column] = value;
      sum += value;
    }
    for (let column = 0; column < classes.length; column++) joint[at + column] /= sum;
  }
  return { ...own, probabilities: joint };
}
