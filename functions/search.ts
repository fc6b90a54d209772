import { search } from '../lib/runtimes/search.ts'

/** Questions about the archives, and the viewer. */
export const handler = search()
