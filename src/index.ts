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

// --- dense CRF ---

// --- evaluation ---

// --- steps ---
export type { Reporter } from "./steps/reporter";
export { createReporter, silentReporter } from "./steps/reporter";
export type { ImageFailure, Step, StepContext, Summary } from "./steps/step";
