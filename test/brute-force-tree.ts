/** The tree filter as it is defined: over the path of every pair of nodes, in double precision. And Kruskal's spanning tree. */

import type { SpanningTree } from "../src/tree-filter/spanning-tree";

/** Rows of numbers a node. */
export type Rows = readonly (readonly number[])[];

/** Values and gradients of one image and one group. L = Σ upstream · output */
export function bruteForceFilter(
  features: Rows,
  guide: Rows,
  { parent }: SpanningTree,
  upstream: Rows,
): { readonly output: number[][]; readonly dFeatures: number[][]; readonly dGuide: number[][] } {
  const n = features.length;
  const output: number[][] = [];
  const dFeatures = features.map((row) => row.map(() => 0));
  const dGuide = guide.map((row) => row.map(() => 0));
  for (let m = 0; m < n; m++) {
    const paths = features.map((_, node) => path(m, node, parent)); // edges, by their child
    const weights = paths.map((edges) =>
      Math.exp(-edges.reduce((sum, e) => sum + distance(guide[e], guide[parent[e]]), 0)),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const row = features[0].map(
      (_, c) => weights.reduce((total, weight, i) => total + weight * features[i][c], 0) / sum,
    );
    output.push(row);
    for (let i = 0; i < n; i++) {
      const share = weights[i] / sum;
      row.forEach((_, c) => {
        dFeatures[i][c] += share * upstream[m][c];
      });
      const dExponent = share * row.reduce((total, y, c) => total + upstream[m][c] * (features[i][c] - y), 0);
      for (const edge of paths[i]) {
        guide[edge].forEach((value, c) => {
          const change = -2 * dExponent * (value - guide[parent[edge]][c]);
          dGuide[edge][c] += change;
          dGuide[parent[edge]][c] -= change;
        });
      }
    }
  }
  return { output, dFeatures, dGuide };
}

/** One row of the filter's output, by a walk from the node to all others. */
export function outputAt(node: number, features: Rows, guide: Rows, { parent }: SpanningTree): number[] {
  const neighbours: number[][] = features.map(() => []);
  parent.forEach((p, i) => {
    if (p >= 0) neighbours[p].push(i);
    if (p >= 0) neighbours[i].push(p);
  });
  const weights: number[] = [];
  const walk = [{ at: node, from: -1, weight: 1 }];
  for (const { at, from, weight } of walk) {
    weights[at] = weight;
    for (const next of neighbours[at])
      if (next !== from)
        walk.push({ at: next, from: at, weight: weight * Math.exp(-distance(guide[at], guide[next])) });
  }
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return features[0].map((_, c) => weights.reduce((total, weight, i) => total + weight * features[i][c], 0) / sum);
}

/** The edges between two nodes: those to the root that only one of them has. */
function path(a: number, b: number, parent: Int32Array): number[] {
  const toRoot = (node: number): number[] => (parent[node] < 0 ? [] : [node, ...toRoot(parent[node])]);
  const [up, down] = [toRoot(a), toRoot(b)];
  return [...up.filter((edge) => !down.includes(edge)), ...down.filter((edge) => !up.includes(edge))];
}

export function distance(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, k) => sum + (value - b[k]) ** 2, 0);
}

/** The edges of the minimum spanning tree, "a b" with a < b; of equal ones the first: vertical before horizontal, row-major. */
export function kruskal(
  guide: Rows,
  height: number,
  width: number,
): { readonly edges: string[]; readonly weight: number } {
  const all: { readonly a: number; readonly b: number; readonly weight: number }[] = [];
  const add = (a: number, b: number): number => all.push({ a, b, weight: distance(guide[a], guide[b]) });
  for (let i = 0; i < (height - 1) * width; i++) add(i, i + width);
  for (let i = 0; i < height * width; i++) if (i % width !== width - 1) add(i, i + 1);
  all.sort((first, second) => first.weight - second.weight); // stable
  const component = guide.map((_, i) => i);
  const edges: string[] = [];
  let weight = 0;
  for (const edge of all) {
    const [from, to] = [component[edge.a], component[edge.b]];
    if (from === to) continue;
    component.forEach((each, i) => {
      if (each === from) component[i] = to;
    });
    edges.push(`${edge.a} ${edge.b}`);
    weight += edge.weight;
  }
  return { edges: edges.sort(), weight };
}
