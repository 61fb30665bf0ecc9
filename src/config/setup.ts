/** Options of `setup`. */

import type { OptionTable } from "./option";

export interface SetupConfig {
  readonly gpu: boolean;
  readonly mpi: boolean;
  readonly backbone: boolean;
  readonly force: boolean;
}

export const setupOptions: OptionTable<SetupConfig> = {
  gpu: {
    kind: "boolean",
    affects: "place",
    default: false,
    help: "also the CUDA backend for --backend gpu (NVIDIA's libraries come along; about 3 GB to download)",
  },
  backbone: {
    kind: "boolean",
    affects: "place",
    default: true,
    help: "also EfficientNet-Lite2 with ImageNet weights (23 MB), whose features label strokes and clicks better",
  },
  mpi: {
    kind: "boolean",
    affects: "place",
    default: false,
    help: "also MPICH, for training in several processes (13 MB)",
  },
  force: { kind: "boolean", affects: "place", default: false, help: "rebuild it even if it is complete" },
};
