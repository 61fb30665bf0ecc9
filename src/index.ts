/** The public interface, a heading per stage in the order of the data flow: start here. */

import * as tf from "@tensorflow/tfjs";

/** The TensorFlow.js that the library computes with: a loss or network of one's own must use the same. */
export { tf };

// --- the front door: a photograph and its weak label become a label of every pixel ---

export {
  type EarlierResult,
  type LabelledPhotograph,
  type LabelPhotographOptions,
  type LabelProgress,
  labelPhotograph,
} from "./label-photograph/label-photograph";
export type { LearnedParameters } from "./label-photograph/resume-parameters";
export type { ClassReference, Click, Stroke, WeakBox, WeakLabels } from "./label-photograph/weak-labels";

// --- backend and set-up ---

export type { BackendInUse, BackendName, BackendOptions } from "./backend";
export { backendInUse, preferBackend, useBackend } from "./backend";
export type { SetupConfig } from "./config/setup";
export { type Check, type DoctorSummary, doctor } from "./steps/doctor";
export { type SetupSummary, setup } from "./steps/setup";

// --- photographs, weak labels, labels on disk ---

export { boxSeed } from "./data/box-seed";
export { type Colour, type DatasetDescription, type ImageSize, readDataset } from "./data/dataset";
export { findImage, type RgbImage, readRgb } from "./data/image";
export { type ImageList, readImageList } from "./data/image-list";
export { type ImageTags, readImageTags } from "./data/image-tags";
export { encodeLabel, type LabelMap, readLabel, writeLabel } from "./data/label-png";
export { drawPoints, type Point, type PointsFile, pointsOf, readPointsFile } from "./data/points";
export { readScribbles, type ScribbleLabel } from "./data/scribbles";
export { VOC } from "./data/voc";
export { type Box, type Boxes, readBoxes } from "./data/voc-boxes";
export { type OverlayOptions, renderOverlay } from "./show/overlay";

// --- image tags → class activation maps ---

export type { InferSeamConfig } from "./config/infer-seam";
export type { TrainSeamConfig } from "./config/train-seam";
export { decodeCams, encodeCams, readCams } from "./seam/cam-dictionary";
export { camLabel, camScores, combineCams, type ImageCams } from "./seam/cam-scores";
export {
  type ConfidenceThresholds,
  type ConfidentLabel,
  confidentLabel,
  defaultThresholds,
} from "./seam/confident-label";
export { type MultiScaleOptions, multiScaleCams } from "./seam/multi-scale";
export { refineCam } from "./seam/pcm";
export { type SeamLosses, seamLosses } from "./training/seam/seam-losses";
export { type SeamMaps, SeamNet } from "./seam/seam-net";
export { type InferSeamSummary, inferSeam } from "./steps/infer-seam";
export { trainSeam } from "./steps/train-seam";

// --- weak labels → seed labels ---

export type { MakeSeedsConfig } from "./config/make-seeds";
export { type GrabCut, type GrabCutAnswer, type GrabCutOptions, openGrabCut } from "./seeds/grabcut";
export { type SuperpixelOptions, type Superpixels, superpixels } from "./seeds/superpixels";
export { type MakeSeedsSummary, makeSeeds } from "./steps/make-seeds";

// --- image → graph: the affinity network, handcrafted features ---

export type { TrainAffinityConfig } from "./config/train-affinity";
export { type HandcraftedGraph, handcraftedGraph } from "./handcrafted/graph";
export { type GraphSource, openGraphSource } from "./label-photograph/graph-source";
export { trainAffinity } from "./steps/train-affinity";
export type { TrainingSummary } from "./training/run-training";

// --- graph → A2GNN → pseudo label ---

export type { Normalisation, Supervision } from "./config/label-photograph";
export { type MakePseudoLabelsConfig, makePseudoLabelsOptions } from "./config/make-pseudo-labels";
export { presets as makePseudoLabelsPresets } from "./config/pseudo-label-presets";
export { type A2gnnOptions, a2gnn } from "./graph/a2gnn";
export { Adam, type AdamOptions, type Optimiser } from "./graph/adam";
export { denseCrf, mostProbableClass } from "./dense-crf/dense-crf";
export { DENSE_CRF_DEFAULTS, type DenseCrfOptions } from "./dense-crf/dense-crf-options";
export { openSharpener, type Sharpener } from "./dense-crf/sharpen";
export { type FitInput, type FitResult, fitGraph, upsampleProbabilities } from "./graph/fit";
export { FIT_DEFAULTS, type FitOptions } from "./graph/fit-options";
export { type GatedCrfOptions, gatedCrf } from "./graph/gated-crf";
export {
  type CellAffinity,
  type Features,
  featureAffinity,
  type GraphFromFeaturesOptions,
  graphFromFeatures,
} from "./graph/graph-from-features";
export { createImageGraph, type ImageGraph } from "./graph/image-graph";
export { type Loss, type LossState, type LossTerm, lossFromValue, namedLoss, throughSoftmax } from "./graph/loss";
export { type BoxPoints, clipBoxes, findPoints, type MultiPointOptions, multiPoint } from "./graph/multi-point";
export type { NodeGradients, NodeNetwork, NodeState, NodeTask, OpenNodeNetwork } from "./graph/node-network";
export { seedCrossEntropy } from "./graph/seed-cross-entropy";
export {
  forEachNeighbour,
  type WindowedMap,
  type WindowGrid,
  windowedMap,
} from "./window/windowed-map";
export { addWalk, type ClassMaps, randomWalk, type WalkGraph, type WalkOptions } from "./graph/random-walk";
export { type LabelInput, type LabelOptions, type LabelResult, labelImage } from "./label-photograph/label-image";
export { type MakePseudoLabelsSummary, makePseudoLabels } from "./steps/make-pseudo-labels";

// --- layers and trainings of one's own ---

export { chain, type Layer, type Parameter, type Pass, plainLayer } from "./network/layer";
export { convolution, convolutionNormRelu } from "./network/convolution-layer";
export { affinityLosses, type AffinityLosses, type AffinityLossWeights } from "./training/affinity/affinity-loss";
export { affinityTask } from "./training/affinity/affinity-task";
export { PolySgd, type PolySgdOptions } from "./training/poly-sgd";
export { segmentationTask } from "./training/segmentation/segmentation-task";
export type { Optimizer, SampleLoader, TrainedVariable, TrainingTask } from "./training/task";
export { type TrainerOptions, type TrainingResult, train } from "./training/trainer";
export { affinityOf, windowDistance } from "./window/distance";

// --- segmentation networks ---

export type { SegmentConfig } from "./config/segment";
export { type Recipe, recipeValues, type TrainSegmenterConfig } from "./config/train-segmenter";
export { INSTANCE_MODELS, type InstanceModelName, type ModelName, MODELS } from "./config/segmentation-models";
export type { NetworkShape } from "./segmentation/network";
export { type DetectOptions, detectInstances } from "./mask-rcnn/detect";
export type { InstanceSegmenter } from "./mask-rcnn/instance-segmenter";
export { openInstanceSegmenter } from "./mask-rcnn/open-instance-segmenter";
export { detectInTiles, type TileOptions } from "./mask-rcnn/tiles";
export { renderInstances } from "./show/instance-overlay";
export { openSegmenter } from "./segmentation/open-segmenter";
export { classProbabilities, type PredictOptions } from "./segmentation/predict";
export { Segmenter, type SegmenterOptions } from "./segmentation/segmenter";
export { minimumSpanningTrees, type SpanningTree, type SpanningTrees } from "./tree-filter/spanning-tree";
export { type TreeFilterOptions, treeFilter } from "./tree-filter/tree-filter";
export { treeFilterModule } from "./tree-filter/tree-filter-module";
export { type SegmentSummary, segment } from "./steps/segment";
export { trainSegmenter } from "./steps/train-segmenter";

// --- evaluation, ablation, reports, demo ---

export type { AblationRow, AblationTable } from "./ablation/table";
export type { AblateConfig } from "./config/ablate";
export type { EvaluateConfig } from "./config/evaluate";
export type { ReportConfig } from "./config/report";
export { addToConfusion, type ClassScore, type Confusion, createConfusion, type Scores, scoresOf } from "./miou";
export type { CheckConfig } from "./config/check";
export { type AblateSummary, ablate } from "./ablation/ablate";
export { check } from "./steps/check";
export type { CheckSummary } from "./steps/checking/folder-facts";
export { type DemoSummary, demo } from "./demo/demo";
export type { LearnConfig } from "./config/learn";
export type { ReproduceConfig } from "./config/reproduce";
export { type LearnSummary, learn } from "./learn/learn";
export { type ReproducedFigure, type ReproduceSummary, reproduce } from "./reproduce/reproduce";
export { evaluate } from "./steps/evaluate";
export { confusionCsv, type EvaluateSummary, scoresCsv, scoresTable } from "./steps/outputs/evaluate-table";
export { type ReportSummary, report } from "./report/report";

// --- what steps are made of ---

export { type ErrorCode, UserError } from "./errors";
export { type ImageLoop, type LoopResult, runImageLoop } from "./steps/loop/image-loop";
export type { Reporter } from "./running/reporter";
export { createReporter, silentReporter } from "./running/reporter";
export { readShard, type Shard, shardOf } from "./steps/loop/shard";
export type { Cost, ImageFailure, Step, StepContext, StepPlan, Summary } from "./running/step";

// --- weights ---

export { checkParameters, loadParameters, openWeights, type WeightFile } from "./weights/checkpoint";
export { formulaParameters } from "./weights/formula";
export { decodeNpy, encodeNpy } from "./weights/npy";
export { encodeNpyDictionary, readNpyDictionary } from "./weights/npy-dictionary";
export { writePth } from "./weights/pth-writer";
export { writeSafetensors } from "./weights/safetensors";

// --- instances: masks as run lengths, COCO's JSON, average precision ---

export { COCO_KEYS, type CocoFigures } from "./instances/coco-ap";
export { type CocoResult, readCocoResults } from "./instances/coco-results";
export { cocoMask } from "./instances/coco-segmentation";
export { type CocoAnnotation, type CocoCategory, type CocoTruth, readCocoTruth } from "./instances/coco-truth";
export type { Instance } from "./instances/instance";
export { withConfidence } from "./instances/instance-confidence";
export {
  type InstanceLabelOptions,
  type InstanceLabels,
  type InstanceRule,
  instanceLabels,
  type LabelledInstance,
  type LabelledPixels,
} from "./instances/instance-labels";
export type { InstanceMark } from "./instances/instance-mark";
export { boxMarks, clickMarks, strokeMarks } from "./instances/mark-sources";
export type { CellGraph } from "./instances/mark-walk";
export { boxIou, maskIou } from "./instances/mask-overlap";
export { polygonsMask } from "./instances/polygon-mask";
export { maskOutline, maskOutlines } from "./instances/region-outline";
export { type CocoBox, decodeMask, encodeMask, maskArea, maskBox, type Rle } from "./instances/rle";
export { rleFromString, rleToString } from "./instances/rle";
export type { VocFigures } from "./instances/voc-ap";
export { cocoRle } from "./instances/write-coco";
export type { InstancesWritten } from "./steps/outputs/instance-label-output";
export type { EvaluateInstancesSummary } from "./steps/outputs/instances-table";
