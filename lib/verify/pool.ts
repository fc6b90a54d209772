import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { doJob, type Job, openJobs, type Result, type SharedContext } from './jobs.ts'

/** Starting threads takes longer than reading fewer events. */
const FEW = 50_000

/** One that does jobs, one at a time. */
interface Doer {
  run(job: Job): Promise<Result>
  end(): Promise<unknown>
}

function ownThread(context: SharedContext): Doer {
  const jobs = openJobs(context)
  return { run: async (job) => doJob(jobs, job), end: async () => {} }
}

function thread(context: SharedContext): Doer {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: context })
  return {
    async run(job) {
      worker.postMessage(job)
      const [answer] = (await once(worker, 'message')) as [{ result: Result } | { error: unknown }]
      if ('error' in answer) throw answer.error
      return answer.result
    },
    end: () => worker.terminate(),
  }
}

/**
 * Does `jobs` by so many threads as there are processors, and hands each result to `done`. `events` is how many there are in all of the jobs;
 * `threads` is another number of them, none for this one alone. Rejects when `signal` is aborted.
 */
export async function doJobs(
  jobs: Iterable<Job>,
  context: SharedContext,
  { events, threads, signal }: { events: number; threads: number | undefined; signal: AbortSignal | undefined },
  done: (job: Job, result: Result) => void,
): Promise<void> {
  const count = threads ?? (events < FEW ? 0 : availableParallelism())
  const doers = count === 0 ? [ownThread(context)] : Array.from({ length: count }, () => thread(context))
  const waiting = jobs[Symbol.iterator]()
  const work = async (doer: Doer) => {
    for (let next = waiting.next(); !next.done; next = waiting.next()) {
      signal?.throwIfAborted()
      done(next.value, await doer.run(next.value))
    }
  }
  try {
    await Promise.all(doers.map(work))
  } finally {
    await Promise.all(doers.map((doer) => doer.end()))
  }
}
