import { archiveApp } from '../archiveapp.ts'
import { upkeep as run } from '../upkeep.ts'
import { scheduled } from './middy.ts'

/** Milliseconds after which no further day is begun: what is begun has to end before the function does. */
const PATIENCE = 4 * 60 * 1000

/** The Lambda handler of the upkeep function, which is called now and then. */
export function upkeep() {
  return scheduled('upkeep', async (entry) => {
    entry.upkeep = await run(archiveApp(), AbortSignal.timeout(PATIENCE))
  })
}
