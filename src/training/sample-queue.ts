/** The samples of the steps to come, asked for ahead so that no step waits for them. */

import { UserError } from "../errors";
import type { ImageFailure } from "../running/step";
import type { SampleLoader, SampleRequest } from "./task";

type Outcome<S> = { readonly sample: S } | { readonly id: string; readonly error: unknown };

export class SampleQueue<S> {
  /** Images that could not be used, by id. */
  readonly failures: Map<string, ImageFailure> = new Map();
  /** How long `next` has waited. */
  waitingSeconds = 0;
  private readonly ahead: Promise<Outcome<S>>[][] = [];
  private outstanding = 0;

  constructor(
    private readonly loader: SampleLoader<S>,
    private readonly totalSteps: number,
    private nextStep: number,
    private readonly requestsOf: (step: number) => readonly SampleRequest[],
  ) {}

  /**
   * The samples of the next step, without those that cannot be used.
   * @param onFailure called for each image once
   */
  async next(onFailure: (failure: ImageFailure) => void): Promise<S[]> {
    this.fill();
    const started = performance.now();
    const outcomes = await Promise.all(this.ahead.shift() ?? []);
    this.waitingSeconds += (performance.now() - started) / 1000;
    this.outstanding -= outcomes.length;
    this.fill(); // the workers continue while the step computes
    const samples: S[] = [];
    for (const outcome of outcomes) {
      if ("sample" in outcome) {
        samples.push(outcome.sample);
        continue;
      }
      const { id, error } = outcome;
      if (!(error instanceof UserError)) throw error;
      if (this.failures.has(id)) continue;
      const failure = { image: id, reason: error.message };
      this.failures.set(id, failure);
      onFailure(failure);
    }
    return samples;
  }

  /** As many steps ahead as keep every thread of the loader busy, at least one. */
  private fill(): void {
    while (
      this.nextStep < this.totalSteps &&
      (this.ahead.length === 0 || this.outstanding < this.loader.parallel + 1)
    ) {
      const requests = this.requestsOf(this.nextStep++);
      this.outstanding += requests.length;
      this.ahead.push(requests.map((request) => this.load(request)));
    }
  }

  private load(request: SampleRequest): Promise<Outcome<S>> {
    return this.loader.load(request).then(
      (sample) => ({ sample }),
      (error: unknown) => ({ id: request.id, error }),
    );
  }
}
