import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { SourceName } from '../../../lib/sources/index.ts'
import type { Way } from '../ways.ts'

/** A genuine request of one kind of sender, for the contract that all sources have to keep. */
export interface Sender {
  source: SourceName
  /** As sent, without credentials. At least one audited action is in it. */
  body: Buffer
  headers: Record<string, string>
  query?: string
  /** Every way in which this sender can prove itself. */
  ways: readonly Way[]
}

/** The bytes of `test/fixtures/<path>`. */
export const fixture = (path: string): Buffer => readFileSync(resolve(import.meta.dirname, '../../fixtures', path))
