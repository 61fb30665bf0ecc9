import * as tf from "@tensorflow/tfjs";
import { a2gnnBackward, a2gnnForward, parametersFromList } from "../../src/graph/a2gnn";
import { attention, attentionForward, attentionWeights, createAttentionWindow } from "../../src/graph/attention";
import { createImageGraph } from "../../src/graph/image-graph";
import { createTileLayout, tilesToWindow, windowToTiles } from "../../src/window/tiles";
import type { WindowedMap } from "../../src/window/windowed-map";
import type { GoldenCase, GoldenHandler } from "../golden-case";
import { denseToWindow, nchwToWindow, windowToDense } from "../window-layout";

const matrix = (golden: GoldenCase, name: string): tf.Tensor2D => {
  const { shape, data } = golden.floats(name);
  return tf.tensor2d(data, shape as [number, number]);
};

export const handlers: GoldenHandler[] = [
  {
    prefixes: ["08_attention_layer"],
    run(golden) {
      const affinity = denseToWindow(golden.floats("adj").data, golden.floats("cropping").data);
      const window = createAttentionWindow(affinity);
      const outputs = tf.tidy(() => {
        const x = matrix(golden, "x");
        const beta = tf.scalar(golden.floats("beta").data[0]);
        const upstream = matrix(golden, "upstream");
        const loss = (a: tf.Tensor, b: tf.Tensor): tf.Scalar =>
          tf.sum(tf.mul(attention(a as tf.Tensor2D, b as tf.Scalar, window), upstream));
        const [gradX, gradBeta] = tf.grads((a: tf.Tensor, b: tf.Tensor) => loss(a, b))([x, beta]);
        const P = attentionWeights(attentionForward(x, beta, window), window);
        return [attention(x, beta, window), gradX, gradBeta]
          .map((tensor) => tensor.dataSync() as Float32Array)
          .concat(P.values);
      });
      window.dispose();
      const [out, grad_x, grad_beta, P] = outputs;
      return { out, grad_x, grad_beta, P: windowToDense({ ...affinity, values: P }) };
    },
  },
  {
    prefixes: ["09_a2gnn"],
    run(golden) {
      const affinity = denseToWindow(golden.floats("adj").data, golden.floats("cropping").data);
      const window = createAttentionWindow(affinity);
      const betaNames = golden.names("param").filter((name) => name.endsWith("__beta"));
      const results = tf.tidy(() => {
        const features = matrix(golden, "features");
        const parameters = parametersFromList([
          matrix(golden, "embeddinglayer__weight"),
          ...betaNames.map((name) => tf.scalar(golden.floats(name).data[0])),
          matrix(golden, "outputlayer__weight"),
        ]);
        const dropout = golden.has("drop_mask")
          ? (tf.div(matrix(golden, "drop_mask"), 1 - golden.attr<number>("dropout")) as tf.Tensor2D)
          : undefined;
        const state = a2gnnForward(features, parameters, window, dropout);
        const back = a2gnnBackward(
          features,
          parameters,
          state,
          window,
          matrix(golden, "upstream_x"),
          matrix(golden, "upstream_fts"),
        );
        const tensors: Record<string, tf.Tensor> = {
          x: state.logits,
          fts: state.nodes,
          grad_features: tf.matMul(back.dEmbedded, parameters.embedding, false, true),
          grad_embeddinglayer__weight: back.gradients[0],
          grad_outputlayer__weight: back.gradients[back.gradients.length - 1],
        };
        betaNames.forEach((name, i) => {
          tensors[`grad_${name}`] = back.gradients[1 + i];
        });
        return Object.entries(tensors).map(([name, tensor]) => [name, tensor.dataSync()] as const);
      });
      window.dispose();
      return Object.fromEntries(results) as Record<string, Float32Array>;
    },
  },
  {
    prefixes: ["12_dense_affinity"],
    run(golden) {
      const affinity = nchwToWindow(golden.floats("aff_mat"));
      const layout = createTileLayout(affinity);
      const throughTiles = ({ values }: WindowedMap): WindowedMap => {
        const tiles = windowToTiles(values, layout, 0);
        const back = tilesToWindow(tiles.dataSync() as Float32Array, layout);
        tiles.dispose();
        return back;
      };
      const features = tf.ones<tf.Rank.R2>([affinity.height * affinity.width, 1]);
      const graph = createImageGraph(features, affinity);
      const dense = windowToDense(throughTiles(affinity));
      const cropping = windowToDense(throughTiles({ ...affinity, values: affinity.values.map(() => 1) }));
      const adj = windowToDense(throughTiles(graph.affinity));
      graph.dispose();
      features.dispose();
      layout.dispose();
      return { dense, cropping, adj };
    },
  },
];
