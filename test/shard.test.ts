import assert from "node:assert/strict";
import { test } from "node:test";
import { readShard, shardOf } from "../src/steps/loop/shard";

test("i/n counts from 1", () => {
  assert.deepEqual(readShard("1/1"), { index: 0, count: 1 });
  assert.deepEqual(readShard("3/8"), { index: 2, count: 8 });
});

test("launched: a process's place under mpiexec or srun, all where it is alone or in an array job", () => {
  assert.deepEqual(readShard("launched", {}), { index: 0, count: 1 });
  assert.deepEqual(readShard("launched", { PMI_RANK: "1", PMI_SIZE: "4" }), { index: 1, count: 4 });
  assert.deepEqual(readShard("launched", { SLURM_ARRAY_TASK_ID: "3", SLURM_ARRAY_TASK_COUNT: "8" }), {
    index: 0,
    count: 1,
  });
});

test("shards are disjoint and together the whole list", () => {
  const ids = Array.from({ length: 11 }, (_, i) => `id${i}`);
  const parts = [1, 2, 3].map((i) => shardOf(ids, readShard(`${i}/3`)));
  assert.deepEqual(parts.flat().sort(), [...ids].sort());
  assert.deepEqual(parts[1], ["id1", "id4", "id7", "id10"]);
});

test("auto reads array jobs", () => {
  const auto = (environment: Record<string, string>, text = "auto"): string => {
    const { index, count } = readShard(text, environment);
    return `${index}/${count}`;
  };
  assert.equal(auto({ SLURM_ARRAY_TASK_ID: "5", SLURM_ARRAY_TASK_MIN: "1", SLURM_ARRAY_TASK_COUNT: "8" }), "4/8");
  assert.equal(
    auto({
      SLURM_ARRAY_TASK_ID: "30",
      SLURM_ARRAY_TASK_MIN: "10",
      SLURM_ARRAY_TASK_STEP: "10",
      SLURM_ARRAY_TASK_COUNT: "4",
      SLURM_PROCID: "0",
      SLURM_STEP_NUM_TASKS: "1",
    }),
    "2/4",
  );
  assert.equal(auto({ AWS_BATCH_JOB_ARRAY_INDEX: "2", AWS_BATCH_JOB_ARRAY_SIZE: "3" }), "2/3");
  assert.equal(auto({ JOB_COMPLETION_INDEX: "7" }, "auto/8"), "7/8");
  assert.equal(auto({ SLURM_PROCID: "1", SLURM_STEP_NUM_TASKS: "2" }), "1/2");
  assert.equal(auto({ PMI_RANK: "0", PMI_SIZE: "2" }), "0/2");
});

test("what cannot be a shard", () => {
  for (const text of ["", "3", "0/8", "9/8", "1.5/2", "1/0", "1/2/3", "a/b", "/2", "auto/x"])
    assert.throws(() => readShard(text, {}), { name: "UserError", code: "usage" }, text);
  assert.throws(() => readShard("auto", {}), /no array job/);
  assert.throws(() => readShard("auto", { JOB_COMPLETION_INDEX: "7" }), /--shard auto\/N/);
  assert.throws(() => readShard("auto/4", { JOB_COMPLETION_INDEX: "7" }), /JOB_COMPLETION_INDEX/);
});
