/**
 * Numbered tasks that two threads take in turn: the leading one, which goes on alone while the other has not come, and one
 * that follows. Which thread does a task must not matter. Both run through, without their event loops: a word of shared
 * memory holds the phase and the next task's number, and whoever raises it has the task.
 */

/** Words of the memory that both look at. */
const TICKET = 0; // phase, and the number of the next task
const DONE = 1;
const COUNT = 2;
const KIND = 3;
const ARGUMENT = 4;
const ENDED = 5;
const WORDS = 6;

/** Low bits of the ticket: the task's number. All set: there is nothing to take. */
const NUMBER_BITS = 20;
const NUMBERS = 2 ** NUMBER_BITS - 1;
const PHASES = 2 ** (31 - NUMBER_BITS) - 1;

/** @param index of the task @param thread 0 leads, 1 follows */
export type Task = (index: number, thread: number) => void;

export interface TaskLead {
  /** Returns when all tasks of this phase are done. @param kind, argument tell the follower which tasks they are */
  run(kind: number, argument: number, count: number, task: Task): void;
  /** Sends the follower home. */
  end(): void;
}

/** A thread by itself does its tasks in their order. */
export const aloneWithTasks: TaskLead = {
  run: (_kind, _argument, count, task) => {
    for (let index = 0; index < count; index++) task(index, 0);
  },
  end() {},
};

/** What the lead and the follower share. */
export function taskControl(): Int32Array {
  const control = new Int32Array(new SharedArrayBuffer(WORDS * 4));
  control[TICKET] = NUMBERS;
  return control;
}

export function leadTasks(control: Int32Array): TaskLead {
  let phase = 0;
  return {
    run(kind, argument, count, task) {
      if (count >= NUMBERS) throw new RangeError(`${count} tasks at once`);
      phase = (phase % PHASES) + 1;
      for (const [word, value] of [
        [COUNT, count],
        [KIND, kind],
        [ARGUMENT, argument],
        [DONE, 0],
      ])
        Atomics.store(control, word, value);
      Atomics.store(control, TICKET, phase << NUMBER_BITS);
      Atomics.notify(control, TICKET);
      for (let index = take(control); index !== undefined; index = take(control)) {
        task(index, 0);
        Atomics.add(control, DONE, 1);
      }
      for (let done = Atomics.load(control, DONE); done < count; done = Atomics.load(control, DONE))
        Atomics.wait(control, DONE, done);
      // Closed before the next phase is written down: a follower that read the old ticket cannot raise it any more.
      Atomics.store(control, TICKET, (phase << NUMBER_BITS) | NUMBERS);
    },
    end() {
      Atomics.store(control, ENDED, 1);
      Atomics.store(control, TICKET, -1); // closed, too, and unlike any ticket that the follower may wait on
      Atomics.notify(control, TICKET);
    },
  };
}

/** Takes tasks until the lead ends. @param taskOf what a kind and an argument stand for */
export function followTasks(control: Int32Array, taskOf: (kind: number, argument: number) => Task): void {
  while (Atomics.load(control, ENDED) === 0) {
    const ticket = Atomics.load(control, TICKET);
    const index = take(control);
    if (index === undefined) {
      Atomics.wait(control, TICKET, ticket);
      continue;
    }
    taskOf(Atomics.load(control, KIND), Atomics.load(control, ARGUMENT))(index, 1);
    Atomics.add(control, DONE, 1);
    Atomics.notify(control, DONE);
  }
}

/** The number of a task that nobody has taken, or undefined. */
function take(control: Int32Array): number | undefined {
  for (;;) {
    const ticket = Atomics.load(control, TICKET);
    const index = ticket & NUMBERS;
    if (index === NUMBERS || index >= Atomics.load(control, COUNT)) return undefined;
    if (Atomics.compareExchange(control, TICKET, ticket, ticket + 1) === ticket) return index;
  }
}
