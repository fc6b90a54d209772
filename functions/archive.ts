import { archive } from '../lib/runtimes/archive.ts'

/** Archive queue of a location → its archive. */
export const handler = archive()
