import { upkeep } from '../lib/runtimes/upkeep.ts'

/** Merges the small files of the archives, and removes what has been kept for long enough. */
export const handler = upkeep()
