/** Lines of the benchmark's table: what was measured, the reference's figure, and the figure to reach. */

export interface Row {
  readonly name: string;
  /** Median of the runs, in seconds, or in `unit`. */
  readonly value: number;
  readonly runs: readonly number[];
  readonly unit: "s" | "GB" | "×";
  readonly note?: string;
}

/** The reference on 2 threads (PyTorch 2.4, dense N×N; whole images extrapolated from single steps), and our aims, exact. */
const COMPARED: Record<string, { readonly reference?: number; readonly aim?: number }> = {
  features: { reference: 5.7, aim: 5 },
  "step, box": { reference: 4.07, aim: 0.33 },
  "step, box, with CRF loss": { reference: 3.81, aim: 0.33 },
  "step, others": { reference: 2.3, aim: 0.3 },
  "step, others, with CRF loss": { reference: 2.19, aim: 0.3 },
  "step, box, times its limit": { aim: 1.3 },
  "step, others, times its limit": { aim: 1.3 },
  "step, box, times as fast": { aim: 11 },
  "random walk": { reference: 3.2, aim: 0.05 },
  "dense CRF": { reference: 4.3, aim: 1 },
  "quick label, first strokes": { aim: 1 },
  "quick label, one more stroke": { aim: 0.5 },
  "affinity training step": { reference: 21.8, aim: 18 },
  "affinity training step, peak memory": { reference: 4.6 },
  "infer-seam": { reference: 107 },
  "whole image, box": { reference: 1195, aim: 110 },
  "whole image, others": { reference: 237, aim: 38 },
  "whole image, box, peak memory": { reference: 2.1, aim: 1 },
  "whole image, others, peak memory": { reference: 1.4, aim: 1 },
  "whole image, box, 4 times the pixels": { reference: 16, aim: 4.2 },
  "whole image, others, 4 times the pixels": { reference: 16, aim: 4.2 },
};

export function row(name: string, runs: readonly number[], note?: string, unit: Row["unit"] = "s"): Row {
  return { name, value: median(runs), runs, unit, note };
}

export function formatRow({ name, value, runs, unit, note }: Row): string {
  const compared = COMPARED[name];
  const digits = unit === "s" ? 3 : 2;
  const spread =
    runs.length > 1 ? `${Math.min(...runs).toFixed(digits)}–${Math.max(...runs).toFixed(digits)}` : "1 run";
  const parts = [
    `${name.padEnd(40)} ${value.toFixed(digits).padStart(8)} ${unit.padEnd(2)} (${spread})`,
    compared?.reference === undefined ? undefined : `reference ${compared.reference} ${unit}`,
    compared?.aim === undefined ? undefined : `aim ${compared.aim} ${unit}`,
    note,
  ];
  return parts.filter((part) => part !== undefined).join("  ");
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
