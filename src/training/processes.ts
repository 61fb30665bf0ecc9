/** Where a training runs: in this process, in those that mpiexec or srun started, or in `--gpus` that it starts itself. */

import { checkSessionName, type TrainingConfig } from "../config/training";
import type { Communicator } from "../parallel/communicator";
import { launchStep } from "../parallel/launch";
import { launchedRank, leftOverRank } from "../parallel/local-rank";
import { withCommunicator } from "../parallel/mpi";
import type { StepContext } from "../running/step";
import type { TrainingSummary } from "./run-training";

/**
 * @param step its name
 * @param given its options as the user gave them, for the processes that are started
 * @param train what each process does
 */
export async function inProcesses<C extends TrainingConfig>(
  step: string,
  given: Partial<C>,
  context: StepContext,
  train: (communicator: Communicator) => Promise<TrainingSummary>,
): Promise<TrainingSummary> {
  const { gpus } = given;
  checkSessionName(given.sessionName);
  const leftOver = leftOverRank();
  if (leftOver !== undefined) context.reporter.notice(leftOver);
  if (gpus !== undefined && gpus > 1 && launchedRank() === undefined)
    return launchStep(step, { ...given, gpus: undefined }, gpus, context);
  return withCommunicator(train);
}
