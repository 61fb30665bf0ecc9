/** The public interface, a heading per stage in the order of the data flow. */

// --- backend and set-up ---
export type { BackendInUse, BackendName, BackendOptions } from "./backend";
export { backendInUse, preferBackend, useBackend } from "./backend";
export type { SetupConfig } from "./config/setup";
export { type ErrorCode, UserError } from "./errors";
export { type Check, type DoctorSummary, doctor } from "./steps/doctor";
export { type SetupSummary, setup } from "./steps/setup";

// --- data ---

// --- image → CAM → seeds ---
export type { InferSeamConfig } from "./config/infer-seam";
export type { TrainSeamConfig } from "./config/train-seam";
export { type ImageTags, readImageTags } from "./data/image-tags";
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
export { type SeamLosses, type SeamMaps, seamLosses } from "./seam/seam-losses";
export { SeamNet } from "./seam/seam-net";
export { type InferSeamSummary, inferSeam } from "./steps/infer-seam";
export { trainSeam } from "./steps/train-seam";
export type { TrainingSummary } from "./training/run-training";

// --- affinity network ---

// --- graph → A2GNN → pseudo label ---
export {
  type MakePseudoLabelsConfig,
  makePseudoLabelsOptions,
  presets as makePseudoLabelsPresets,
  type Supervision,
} from "./config/make-pseudo-labels";
export { boxSeed } from "./data/box-seed";
export { type OverlayOptions, renderOverlay } from "./overlay";
export { type MakePseudoLabelsSummary, makePseudoLabels } from "./steps/make-pseudo-labels";

// --- dense CRF ---

// --- evaluation ---
export type { EvaluateConfig } from "./config/evaluate";
export { addToConfusion, type ClassScore, type Confusion, createConfusion, type Scores, scoresOf } from "./miou";
// --- steps ---
export { type DemoSummary, demo } from "./steps/demo";
export { evaluate } from "./steps/evaluate";
export { confusionCsv, type EvaluateSummary, scoresCsv, scoresTable } from "./steps/evaluate-table";
export { type ImageLoop, type LoopResult, runImageLoop } from "./steps/image-loop";
export type { Reporter } from "./steps/reporter";
export { createReporter, silentReporter } from "./steps/reporter";
export { readShard, type Shard, shardOf } from "./steps/shard";
export type { ImageFailure, Step, StepContext, Summary } from "./steps/step";
