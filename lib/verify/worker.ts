import { parentPort, workerData } from 'node:worker_threads'
import { doJob, type Job, openJobs, type SharedContext } from './jobs.ts'

// A thread of lib/verify/pool.ts.

const jobs = openJobs(workerData as SharedContext)
parentPort?.on('message', (job: Job) => {
  try {
    parentPort?.postMessage({ result: doJob(jobs, job) })
  } catch (error) {
    parentPort?.postMessage({ error })
  }
})
