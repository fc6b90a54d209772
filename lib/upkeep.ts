import { compact } from './archive/compact.ts'
import { retain } from './archive/retain.ts'
import type { ArchiveApp } from './archiveapp.ts'
import type { Location } from './locations.ts'
import type { Upkept } from './log.ts'

// What every archive needs now and then: small files are merged, and what has been kept for long enough is removed.

/**
 * Looks after the archives of this AWS region, one after the other, until `signal` is aborted: what is left over is done the next time. Never
 * rejects: what fails in one location costs no other one, and is told.
 */
export async function upkeep(app: ArchiveApp, signal: AbortSignal): Promise<Upkept> {
  const done: Upkept = { merged: 0, removedFiles: 0, removedDays: 0, failures: [] }
  for (const location of app.locations) {
    try {
      await lookAfter(app, location, signal, done)
    } catch (error) {
      done.failures.push({ location, why: (error as Error).message })
    }
  }
  return done
}

async function lookAfter(app: ArchiveApp, location: Location, signal: AbortSignal, done: Upkept): Promise<void> {
  const tellDamaged = (file: string, why: string) => done.failures.push({ location, why: `${file}: ${why}` })
  const common = { store: app.store(location), location, now: Date.now, signal, tellDamaged }
  const days = app.archives.retentionOf(location)
  // What is removed need not be merged before.
  if (days !== undefined) {
    const key = await app.logKey(location)
    const { days: removed } = await retain({ ...common, key, days })
    done.removedDays += removed.filter(({ holds }) => holds.length === 0).length
  }
  const { merged, removed } = await compact(common)
  done.merged += merged
  done.removedFiles += removed
}
