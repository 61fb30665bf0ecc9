/**
 * `node --import tsx bench/step-profile.ts [box|others] [--threads N] [--steps N] [--top N]`: where the time of a training step
 * of the graph network goes, at full width and 500×375 pixels: each operation of TensorFlow, by its name and shapes, timed at
 * the calls of tfjs-node's addon, which return when the processor has finished; then what is left for JavaScript. Last, the
 * step's products at the rate of a 2048³ product in the same run: no way of computing these products is faster than that.
 */

import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { fitGraph } from "../src/graph/fit";
import { reportFailure } from "./own-process";
import { clock, productRate, STEP_PRODUCTS, type StepKind, stepInput, stepOptions } from "./step-limit";

interface Attribute {
  readonly name: string;
  readonly value: unknown;
}

interface Made {
  readonly id: number;
  readonly shape: number[];
}

interface Binding {
  executeOp(name: string, attributes: readonly Attribute[], inputs: number[], outputs: number): Made[];
  createTensor(shape: number[], dtype: number, values: ArrayBufferView): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): ArrayBufferView;
}

interface Spent {
  calls: number;
  seconds: number;
  /** Of the fastest call: on a busy machine, the one that nothing disturbed. */
  least: number;
  /** Floating-point operations of products. */
  flop: number;
}

/** Times every call of the addon until `stop`. */
function profileAddon(): { stop(): ReadonlyMap<string, Spent> } {
  const backend = tf.backend() as unknown as { binding: Binding };
  const { binding } = backend;
  const spent = new Map<string, Spent>();
  const shapes = new Map<number, readonly number[]>();
  const timed = <T>(nameOf: (result: T) => readonly [string, number], work: () => T): T => {
    const started = clock();
    const result = work();
    const seconds = clock() - started;
    const [name, flop] = nameOf(result);
    const sum = spent.get(name) ?? { calls: 0, seconds: 0, least: Infinity, flop: 0 };
    spent.set(name, {
      calls: sum.calls + 1,
      seconds: sum.seconds + seconds,
      least: Math.min(sum.least, seconds),
      flop: sum.flop + flop,
    });
    return result;
  };
  const profiling: Binding = {
    executeOp: (name, attributes, inputs, outputs) =>
      timed(
        (made) => {
          for (const { id, shape } of made) shapes.set(id, shape);
          const given = inputs.map((id) => shapes.get(id));
          const turned = attributes.filter(({ value }) => value === true).map((each) => each.name.slice(-1));
          return [
            `${name}${turned.length === 0 ? "" : ` ${turned.join("")}ᵀ`} ${given.map((shape) => `[${shape ?? "?"}]`).join("")}`,
            productsOf(name, given, made[0]?.shape),
          ];
        },
        () => binding.executeOp(name, attributes, inputs, outputs),
      ),
    createTensor: (shape, dtype, values) =>
      timed(
        (id) => {
          shapes.set(id, shape);
          return [`upload ${shape.length === 0 ? "of a number" : `[${shape}]`}`, 0];
        },
        () => binding.createTensor(shape, dtype, values),
      ),
    deleteTensor: (id) =>
      timed(
        () => ["delete", 0],
        () => binding.deleteTensor(id),
      ),
    tensorDataSync: (id) =>
      timed(
        () => ["reading", 0],
        () => binding.tensorDataSync(id),
      ),
  };
  backend.binding = Object.create(
    binding,
    Object.fromEntries(Object.entries(profiling).map(([name, value]) => [name, { value }])),
  ) as Binding;
  return {
    stop() {
      backend.binding = binding;
      return spent;
    },
  };
}

function productsOf(
  name: string,
  [a, b]: readonly (readonly number[] | undefined)[],
  output?: readonly number[],
): number {
  if (!name.includes("MatMul") || a === undefined || b === undefined || output === undefined) return 0;
  const size = (shape: readonly number[]): number => shape.slice(-2).reduce((x, y) => x * y, 1);
  const batches = output.slice(0, -2).reduce((x, y) => x * y, 1);
  // [m, k]·[k, n], either turned: k² = |a|·|b| / |output|
  return 2 * batches * size(output) * Math.sqrt((size(a) * size(b)) / size(output));
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      threads: { type: "string", default: "1" },
      steps: { type: "string", default: "10" },
      top: { type: "string", default: "40" },
    },
    allowPositionals: true,
  });
  await useBackend("native", { threads: Number(values.threads) });
  const steps = Number(values.steps);
  for (const kind of positionals.length === 0 ? (["box", "others"] as const) : (positionals as ("box" | "others")[])) {
    const input = stepInput(kind);
    const before = productRate();
    let profile: ReturnType<typeof profileAddon> | undefined;
    let spent: ReadonlyMap<string, Spent> = new Map();
    let [started, seconds] = [0, 0];
    await fitGraph(input, { ...stepOptions(kind, [0, steps + 3]), lossEvery: 1 }, (step) => {
      if (step === 1) {
        profile = profileAddon();
        started = clock();
      }
      if (step === steps + 1) {
        seconds = clock() - started;
        spent = profile?.stop() ?? spent;
      }
    });
    input.graph.dispose();
    const rate = Math.max(before, productRate());
    report(kind, spent, steps, seconds, rate, Number(values.top));
  }
}

function report(
  kind: string,
  spent: ReadonlyMap<string, Spent>,
  steps: number,
  seconds: number,
  rate: number,
  top: number,
): void {
  const least = (each: Spent): number => (each.least * each.calls) / steps;
  const all = [...spent].sort((a, b) => least(b[1]) - least(a[1]));
  const sum = (of: (each: Spent) => number): number => all.reduce((total, [, each]) => total + of(each), 0);
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const ms = (value: number): string => (1000 * value).toFixed(2).padStart(8);
  const inOperations = sum((each) => each.seconds) / steps;
  say(
    `step, ${kind}, with CRF loss: ${ms(seconds / steps)} ms, of which JavaScript ${ms(seconds / steps - inOperations)}`,
  );
  say("ms a step: least, mean; calls; operation");
  for (const [name, each] of all.slice(0, top)) {
    const speed =
      each.flop === 0
        ? ""
        : `  ${(each.flop / steps / 1e9).toFixed(2)} GFLOP at ${(each.flop / each.calls / each.least / 1e9).toFixed(0)} GFLOP/s`;
    const calls = (each.calls / steps).toFixed(1).padStart(5);
    say(`${ms(least(each))} ${ms(each.seconds / steps)}  ${calls} × ${name}${speed}`);
  }
  const byOperation = new Map<string, number>();
  for (const [name, each] of all) {
    const operation = name.split(" ")[0];
    byOperation.set(operation, (byOperation.get(operation) ?? 0) + least(each));
  }
  const sorted = [...byOperation].sort((a, b) => b[1] - a[1]);
  say(sorted.map(([name, each]) => `${name} ${ms(each).trim()}`).join(", "));
  say(
    `2048³ at ${(rate / 1e9).toFixed(0)} GFLOP/s: the limit of ${(STEP_PRODUCTS[kind as StepKind] / 1e9).toFixed(1)} GFLOP is ${ms(STEP_PRODUCTS[kind as StepKind] / rate)} ms; operations at their least ${ms(sum(least))} ms, ${((sum(least) / STEP_PRODUCTS[kind as StepKind]) * rate).toFixed(2)} ×; ${(sum((each) => each.flop) / steps / 1e9).toFixed(1)} GFLOP seen`,
  );
}

main().catch(reportFailure);
