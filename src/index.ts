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

// --- affinity network ---

// --- graph → A2GNN → pseudo label ---

// --- dense CRF ---

// --- evaluation ---

// --- steps ---
export type { Reporter } from "./steps/reporter";
export { createReporter, silentReporter } from "./steps/reporter";
export type { ImageFailure, Step, StepContext, Summary } from "./steps/step";
