/**
 * Mask R-CNN (He et al. 2017) on a ResNet with a feature pyramid, as layers: which boxes may hold an object, what each holds and
 * where exactly, and the object's mask. Names of parameters are torchvision's. Goldens test/mask-rcnn-goldens.
 *
 * Letters: n anchors or boxes, k classes (background = 0), c channels of the pyramid. One image at a time: b = 1.
 */

import * as tf from "@tensorflow/tfjs";
import { convolution, doublingConvolution, fullyConnected } from "../network/convolution-layer";
import { chain, type Layer, type Parameter, type Pass, parametersOf } from "../network/layer";
import {
  type BlockKind,
  RESNET18_BLOCKS,
  RESNET50_BLOCKS,
  RESNET101_BLOCKS,
  type ResnetOptions,
  resnet,
} from "../network/resnet";
import { ANCHORS_PER_CELL, type Grid } from "./anchors";
import { pyramid } from "./pyramid";
import { FINEST_STRIDE } from "./roi-align";

/** What tells one network from another; read off the weights' names and shapes. */
export interface MaskRcnnShape {
  /** Channels of the first layer: 64 in the published networks. */
  readonly base: number;
  /** Background included. */
  readonly classes: number;
  readonly kind: BlockKind;
  readonly blocks: readonly number[];
  readonly strideAt: ResnetOptions["strideAt"];
}

/** Backbones by the names of the models that stand on them. */
export const BACKBONES: Readonly<
  Record<`mask-rcnn-resnet${18 | 50 | 101}-fpn`, Pick<MaskRcnnShape, "kind" | "blocks">>
> = {
  "mask-rcnn-resnet18-fpn": { kind: "basic", blocks: RESNET18_BLOCKS },
  "mask-rcnn-resnet50-fpn": { kind: "bottleneck", blocks: RESNET50_BLOCKS },
  "mask-rcnn-resnet101-fpn": { kind: "bottleneck", blocks: RESNET101_BLOCKS },
};

/** Cells along each side that the heads see of a box. */
export const BOX_SIDE = 7;
export const MASK_INPUT_SIDE = 14;
/** Cells along each side of the masks that come out. */
export const MASK_SIDE = 28;

/** Maps of the pyramid that boxes are read from: all but the coarsest. */
export const POOLED_MAPS = 4;

export interface Proposals {
  /** Logits, [n]. */
  readonly objectness: tf.Tensor1D;
  /** [n, 4] */
  readonly deltas: tf.Tensor2D;
  /** The maps that the anchors stand on. */
  readonly grids: readonly Grid[];
}

export interface BoxOutputs {
  /** [n, k] */
  readonly logits: tf.Tensor2D;
  /** [n, 4·k] */
  readonly deltas: tf.Tensor2D;
}

export interface MaskRcnn {
  readonly parameters: readonly Parameter[];
  /** Whether a parameter is of the stem or the first stage, which stay as they are on trained backbones. */
  isFrozen(name: string): boolean;
  /** True of layers that no classification network has. */
  isNew(name: string): boolean;
  /** The stem and the first stage. [1, H, W, 3], H and W multiples of 32 → [1, H/4, W/4, …] */
  first(image: tf.Tensor4D, pass: Pass): tf.Tensor4D;
  /** The pyramid of `first`'s output: five maps of strides 4 to 64, [1, h, w, c]. */
  pyramid(first: tf.Tensor4D, pass: Pass): tf.Tensor4D[];
  propose(maps: readonly tf.Tensor4D[], pass: Pass): Proposals;
  /** @param pooled [n, 7, 7, c] */
  classify(pooled: tf.Tensor4D, pass: Pass): BoxOutputs;
  /** @param pooled [n, 14, 14, c] @returns logits [n, 28, 28, k] */
  masks(pooled: tf.Tensor4D, pass: Pass): tf.Tensor4D;
}

/** Sides of the padded image are multiples of this, so that each map is exactly twice as wide as the next. */
export const SIZE_MULTIPLE = 32;

const BODY = "backbone.body.";

export function maskRcnn({ base, classes, kind, blocks, strideAt }: MaskRcnnShape): MaskRcnn {
  const {
    stem,
    stages,
    channels: inputs,
  } = resnet({
    base,
    kind,
    blocks,
    strideAt,
    stem: "plain",
    stemNames: [[`${BODY}conv1`, `${BODY}bn1`]],
    prefix: BODY,
    stages: [1, 2, 2, 2].map((stride) => ({ stride, dilation: 1 })),
    ceilPool: false,
  });
  const channels = 4 * base;
  const first = chain([stem, stages[0]]);
  const fpn = pyramid(inputs, channels);
  const proposals = proposalHead(channels);
  const boxes = boxHead(channels, 16 * base, classes);
  const masks = maskHead(channels, classes);
  return {
    parameters: parametersOf([first, ...stages.slice(1), fpn, proposals, boxes, masks]),
    isFrozen: (name) => /^backbone\.body\.(conv1|bn1|layer1)\./.test(name),
    isNew: (name) => !name.startsWith(BODY),
    first: (image, pass) => tf.tidy(() => first.apply(image, pass)),
    pyramid: (finest, pass) =>
      tf.tidy(() => {
        const maps = [finest];
        for (const stage of stages.slice(1)) maps.push(stage.apply(maps[maps.length - 1], pass));
        return fpn.apply(maps, pass);
      }),
    propose: proposals.apply,
    classify: boxes.apply,
    masks: masks.apply,
  };
}

// --- internal ---

interface ProposalHead {
  readonly parameters: readonly Parameter[];
  apply(maps: readonly tf.Tensor4D[], pass: Pass): Proposals;
}

/** Tells of each anchor of each map whether it holds an object, and how the object's box differs from it. */
function proposalHead(channels: number): ProposalHead {
  const initial = { normal: 0.01 };
  const shared = convolution("rpn.head.conv.0.0", channels, channels, { side: 3, bias: true, relu: true, initial });
  const objectness = convolution("rpn.head.cls_logits", channels, ANCHORS_PER_CELL, { bias: true, initial });
  const deltas = convolution("rpn.head.bbox_pred", channels, 4 * ANCHORS_PER_CELL, { bias: true, initial });
  return {
    parameters: parametersOf([shared, objectness, deltas]),
    apply(maps, pass) {
      const outputs = maps.map((map) => {
        const seen = shared.apply(map, pass);
        return {
          objectness: objectness.apply(seen, pass).reshape<tf.Tensor1D>([-1]),
          deltas: deltas.apply(seen, pass).reshape<tf.Tensor2D>([-1, 4]),
        };
      });
      return {
        objectness: tf.concat1d(outputs.map((each) => each.objectness)),
        deltas: tf.concat2d(
          outputs.map((each) => each.deltas),
          0,
        ),
        grids: maps.map(({ shape: [, height, width] }, level) => ({
          height,
          width,
          stride: FINEST_STRIDE * 2 ** level,
        })),
      };
    },
  };
}

interface BoxHead {
  readonly parameters: readonly Parameter[];
  apply(pooled: tf.Tensor4D, pass: Pass): BoxOutputs;
}

function boxHead(channels: number, hidden: number, classes: number): BoxHead {
  const prefix = "roi_heads.box_predictor";
  const body = chain([
    fullyConnected("roi_heads.box_head.fc6", channels * BOX_SIDE ** 2, hidden, { relu: true }),
    fullyConnected("roi_heads.box_head.fc7", hidden, hidden, { relu: true }),
  ]);
  const scores = fullyConnected(`${prefix}.cls_score`, hidden, classes, { logits: true, initial: { normal: 0.01 } });
  const deltas = fullyConnected(`${prefix}.bbox_pred`, hidden, 4 * classes, {
    logits: true,
    initial: { normal: 0.001 },
  });
  return {
    parameters: parametersOf([body, scores, deltas]),
    apply(pooled, pass) {
      const rows = pooled.shape[0];
      const flat = pooled.transpose([0, 3, 1, 2]).reshape<tf.Tensor4D>([rows, 1, 1, -1]); // PyTorch's order
      const seen = body.apply(flat, pass);
      const flatOutput = (layer: Layer): tf.Tensor2D => layer.apply(seen, pass).reshape<tf.Tensor2D>([rows, -1]);
      return { logits: flatOutput(scores), deltas: flatOutput(deltas) };
    },
  };
}

function maskHead(channels: number, classes: number): Layer {
  const initial = { normal: Math.sqrt(2 / (9 * channels)) }; // kaiming normal by fan-out
  const body = Array.from({ length: 4 }, (_, i) =>
    convolution(`roi_heads.mask_head.${i}.0`, channels, channels, { side: 3, bias: true, relu: true, initial }),
  );
  return chain([
    ...body,
    doublingConvolution("roi_heads.mask_predictor.conv5_mask", channels, channels),
    convolution("roi_heads.mask_predictor.mask_fcn_logits", channels, classes, {
      bias: true,
      logits: true,
      initial: { normal: 0.001 },
    }),
  ]);
}
