import assert from "node:assert/strict";
import os from "node:os";
import { test } from "node:test";
import { bindLocalRank, launchedRank } from "../src/parallel/local-rank";

test("a process knows its place from Hydra, Open MPI and Slurm; alone it has none", () => {
  assert.equal(launchedRank({}), undefined);
  assert.equal(launchedRank({ SLURM_PROCID: "0", SLURM_STEP_NUM_TASKS: "1", SLURM_LOCALID: "0" }), undefined);
  const hydra = { PMI_RANK: "3", PMI_SIZE: "8", MPI_LOCALRANKID: "1", MPI_LOCALNRANKS: "2" };
  assert.deepEqual(launchedRank(hydra), { rank: 3, size: 8, localRank: 1, localSize: 2 });
  const openMpi = { OMPI_COMM_WORLD_RANK: "1", OMPI_COMM_WORLD_SIZE: "2", OMPI_COMM_WORLD_LOCAL_RANK: "1" };
  assert.deepEqual(launchedRank(openMpi), { rank: 1, size: 2, localRank: 1, localSize: 1 });
  const slurm = {
    SLURM_PROCID: "5",
    SLURM_STEP_NUM_TASKS: "8",
    SLURM_LOCALID: "1",
    SLURM_STEP_TASKS_PER_NODE: "4(x2)",
  };
  assert.deepEqual(launchedRank(slurm), { rank: 5, size: 8, localRank: 1, localSize: 4 });
});

test("each process on a machine takes its own GPU and its share of the cores, unless told otherwise", () => {
  const place = { PMI_RANK: "1", PMI_SIZE: "2", MPI_LOCALRANKID: "1", MPI_LOCALNRANKS: "2" };
  const bound = (env: Record<string, string>, cards = 0): Record<string, string | undefined> => {
    const copy: Record<string, string | undefined> = { ...env };
    bindLocalRank(copy, cards);
    return copy;
  };
  const share = String(Math.max(1, Math.floor(os.availableParallelism() / 2)));
  assert.equal(bound(place).CUDA_VISIBLE_DEVICES, "1");
  const fourth = { ...place, PMI_RANK: "4", PMI_SIZE: "8", MPI_LOCALRANKID: "4", MPI_LOCALNRANKS: "8" };
  assert.deepEqual(
    [8, 4, 3, 1].map((cards) => bound(fourth, cards).CUDA_VISIBLE_DEVICES),
    ["4", "0", "1", "0"],
  );
  assert.equal(bound(place).TF_NUM_INTRAOP_THREADS, share);
  assert.equal(bound({ ...place, CUDA_VISIBLE_DEVICES: "4,6" }).CUDA_VISIBLE_DEVICES, "6");
  assert.equal(bound({ ...place, CUDA_VISIBLE_DEVICES: "5" }).CUDA_VISIBLE_DEVICES, "5");
  assert.equal(bound({ ...place, TF_NUM_INTRAOP_THREADS: "3" }).TF_NUM_INTRAOP_THREADS, "3");
  assert.deepEqual(bound({}), {});
});
