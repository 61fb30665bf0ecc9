/**
 * Sums over processes through MPI's standard ABI, whose handles are the same in every library that follows it (MPICH 5 and
 * its kin, Open MPI 6): one small binding, no compiler. `pip install mpich` installs one without root.
 */

import fs from "node:fs";
import { type LibraryHandle, load } from "koffi";
import { expected, messageOf, UserError } from "../errors";
import { type FoundMpi, findMpi } from "../setup/mpi";
import { type Communicator, singleProcess } from "./communicator";
import { launchedRank } from "./local-rank";

// mpi_abi.h
const COMM_WORLD = 0x101;
const FLOAT = 0x210;
const DOUBLE = 0x214;
const SUM = 0x21;
const IN_PLACE = 1;

/** Values summed by one call: MPI counts in 32 bits. */
const CHUNK = 1 << 28;

/** The processes that a launcher started with this one; one process alone where there is no launcher. */
export function openCommunicator(): Communicator {
  const launched = launchedRank();
  if (launched === undefined) return singleProcess;
  const mpi = loadMpi();
  mpi.init();
  const size = mpi.size();
  if (size !== launched.size)
    throw new UserError(
      "environment",
      `the launcher started ${launched.size} processes, but ${mpi.file} sees ${size}: mpiexec and the library belong to different MPIs; name the right one in A2GNN_MPI_LIBRARY`,
    );
  return {
    rank: mpi.rank(),
    size,
    sum(values) {
      const type = values instanceof Float32Array ? FLOAT : DOUBLE;
      for (let at = 0; at < values.length; at += CHUNK) mpi.allreduce(values.subarray(at, at + CHUNK), type);
    },
    abort: () => mpi.abort(),
    close: () => mpi.finalize(),
  };
}

/**
 * Runs `work` with the processes that were started together. If it fails here, its message is shown and all processes end:
 * otherwise they would wait for this one's sums forever.
 */
export async function withCommunicator<T>(work: (communicator: Communicator) => Promise<T>): Promise<T> {
  const communicator = openCommunicator();
  try {
    const result = await work(communicator);
    communicator.close();
    return result;
  } catch (error) {
    if (communicator.size > 1) {
      const text = error instanceof UserError || !(error instanceof Error) ? messageOf(error) : error.stack;
      fs.writeSync(2, `a2gnn: process ${communicator.rank} of ${communicator.size}: ${text}\n`);
      communicator.abort();
    }
    throw error;
  }
}

/** Returns a status, 0 where all is well. */
type MpiFunction = (...values: unknown[]) => number;

interface MpiLibrary {
  readonly file: string;
  init(): void;
  rank(): number;
  size(): number;
  allreduce(values: Float32Array | Float64Array, type: number): void;
  abort(): void;
  finalize(): void;
}

function loadMpi(): MpiLibrary {
  const stated = process.env.A2GNN_MPI_LIBRARY;
  const found = stated === undefined ? findMpi() : undefined;
  keepUcxOffTheHeap(found);
  const { library, file } = openLibrary(stated, found);
  const check = (status: number, call: string): void => {
    if (status !== 0) throw new UserError("environment", `${call} failed with status ${status} (${file})`);
  };
  const functionOf = (signature: string): MpiFunction => library.func(signature);
  const init = functionOf("int MPI_Init(void*, void*)");
  const rank = functionOf("int MPI_Comm_rank(intptr_t, _Out_ int*)");
  const size = functionOf("int MPI_Comm_size(intptr_t, _Out_ int*)");
  const allreduce = functionOf("int MPI_Allreduce(intptr_t, void*, int, intptr_t, intptr_t, intptr_t)");
  const abort = functionOf("int MPI_Abort(intptr_t, int)");
  const finalize = functionOf("int MPI_Finalize()");
  const asked = (call: MpiFunction, name: string): number => {
    const answer = [0];
    check(call(COMM_WORLD, answer), name);
    return answer[0];
  };
  return {
    file,
    init: () => check(init(null, null), "MPI_Init"),
    rank: () => asked(rank, "MPI_Comm_rank"),
    size: () => asked(size, "MPI_Comm_size"),
    allreduce: (values, type) =>
      check(allreduce(IN_PLACE, values, values.length, type, SUM, COMM_WORLD), "MPI_Allreduce"),
    abort: () => {
      abort(COMM_WORLD, 1);
    },
    finalize: () => check(finalize(), "MPI_Finalize"),
  };
}

/**
 * UCX, which carries messages for MPICH and Open MPI, crashes a process in MPI_Init whose heap ends right before something
 * else, as it now and then does before Node's code. Two ways were seen:
 *
 * - It hooks the allocator, and tries its hooks out: it raises the heap's end by a page and lowers it again. Raising fails,
 *   lowering does not, and a page in use is gone. Without the hooks UCX registers memory with a network card for every message.
 * - MPICH copies 4096 bytes from UCX's own address, which has some hundred: beyond the heap's end, where that is near. The
 *   MPICH that we fetch has libfabric beside UCX; another may not.
 */
function keepUcxOffTheHeap(found: FoundMpi | undefined): void {
  process.env.UCX_MEM_EVENTS ??= "no"; // read when the library is loaded
  if (found?.isOurs === true) process.env.MPIR_CVAR_CH4_NETMOD ??= "ofi";
}

/** `A2GNN_MPI_LIBRARY`, else that of the mpiexec in use, else what the system's loader finds. */
function openLibrary(
  stated: string | undefined,
  found: FoundMpi | undefined,
): { library: LibraryHandle; file: string } {
  const candidates =
    stated === undefined ? [found?.library, "libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi_abi.so"] : [stated];
  const reasons: string[] = [];
  for (const file of candidates) {
    if (file === undefined) continue;
    try {
      return { library: load(file), file };
    } catch (error) {
      reasons.push(messageOf(error));
    }
  }
  throw expected(
    "environment",
    "a library of the MPI standard ABI (libmpi_abi.so: MPICH from 5.0, Open MPI from 6.0)",
    "none",
    `${reasons[0]}; a2gnn setup --mpi fetches MPICH, A2GNN_MPI_LIBRARY names another`,
  );
}
