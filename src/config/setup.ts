/** Options of `setup`. */

import type { OptionTable } from "./option";

export interface SetupConfig {
  readonly gpu: boolean;
  readonly mpi: boolean;
  readonly backbone: boolean;
  readonly cudaLibraries?: string;
  readonly pack?: string;
  readonly pieceSize: string;
  readonly unpack?: string;
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
  cudaLibraries: {
    kind: "path",
    affects: "place",
    help: "with --gpu: a folder that holds NVIDIA's libraries of CUDA 12 and cuDNN 9 already (a Python environment with nvidia-*-cu12 wheels, /usr/local/cuda): they are tried and linked, and 2.7 GB need not be fetched",
  },
  pack: {
    kind: "path",
    affects: "place",
    help: "after setting up, write all of it to this folder, for machines without network: backends, weights and npm packages, with their hashes",
  },
  pieceSize: {
    kind: "text",
    affects: "place",
    default: "60M",
    help: "with --pack: the largest size of a file, with K, M or G",
  },
  unpack: {
    kind: "path",
    affects: "place",
    help: "set up from a folder that --pack wrote, without network; hashes are checked first",
  },
  force: { kind: "boolean", affects: "place", default: false, help: "rebuild it even if it is complete" },
};
