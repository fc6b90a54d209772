import * as v from 'valibot'
import { RouterError } from '../errors.ts'
import type { Store } from '../stores/store.ts'
import { HOLDS, holdName } from './names.ts'

// Legal holds: days that retention leaves alone (docs/archive.md).

const day = v.pipe(v.string(), v.isoDate())
const time = v.pipe(v.string(), v.isoTimestamp())
const words = v.pipe(v.string(), v.minLength(1), v.maxLength(500))

const schema = v.strictObject({
  /** The first and the last day. */
  from: day,
  to: day,
  reason: words,
  by: words,
  time,
  released: v.optional(v.strictObject({ reason: words, by: words, time })),
})

/** A legal hold as it is kept. One that was released stays, so that it can be told later who held what, and until when. */
export type HoldRecord = v.InferOutput<typeof schema>

/** A hold, and what it is called. */
export interface Hold extends HoldRecord {
  name: string
}

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/

const invalid = (message: string) => new RouterError('INVALID_CONFIG', message)

const write = (record: HoldRecord): Buffer => Buffer.from(`${JSON.stringify(record, null, 2)}\n`)

/** `name`, when it can be the name of a hold. Throws `INVALID_CONFIG` when not. */
function checkHoldName(name: string): string {
  if (NAME.test(name)) return name
  throw invalid(
    `${JSON.stringify(name)} can't be the name of a hold: use 1 to 64 lower-case letters, digits and inner dashes.`,
  )
}

function read(name: string, bytes: Buffer): Hold {
  try {
    const record = v.parse(schema, JSON.parse(bytes.toString()))
    return { name: name.slice(HOLDS.length), ...record }
  } catch (cause) {
    throw new RouterError('ARCHIVE_DAMAGED', `${name} is no legal hold: nothing is removed until that is put right.`, {
      cause,
    })
  }
}

/**
 * Every hold of an archive, by name, those that were released as well. Rejects with `ARCHIVE_DAMAGED` when one can't be read: what it holds is
 * not known then.
 */
export async function readHolds(store: Store): Promise<Hold[]> {
  const holds: Hold[] = []
  for await (const { name } of store.list(HOLDS)) {
    const stored = await store.get(name)
    if (stored) holds.push(read(name, stored.bytes))
  }
  return holds
}

/** The holds that keep `day` from being removed. */
export const holdsOf = (holds: readonly Hold[], ofDay: string): Hold[] =>
  holds.filter(({ from, to, released }) => !released && from <= ofDay && ofDay <= to)

/**
 * Holds the days. Rejects with `INVALID_CONFIG` when there is or was a hold of that name, or what it says can't be.
 */
export async function addHold(store: Store, { name, ...record }: Hold): Promise<void> {
  checkHoldName(name)
  const parsed = v.safeParse(schema, record)
  if (!parsed.success) {
    const mistakes = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'hold'}: ${issue.message}`)
    throw invalid(`The hold ${name} can't be: ${mistakes.join('; ')}`)
  }
  if (record.from > record.to)
    throw invalid(`The hold ${name} ends on ${record.to}, before it begins on ${record.from}.`)
  if (await store.create(holdName(name), write(parsed.output))) return
  throw invalid(`There is or was a hold ${name}: take another name.`)
}

/** Releases the hold `name`. Rejects with `INVALID_CONFIG` when there is none, or it was released. */
export async function releaseHold(
  store: Store,
  name: string,
  released: NonNullable<HoldRecord['released']>,
): Promise<Hold> {
  const object = holdName(checkHoldName(name))
  const stored = await store.get(object)
  if (!stored) throw invalid(`There is no hold ${name}.`)
  const { name: _name, ...record } = read(object, stored.bytes)
  if (record.released)
    throw invalid(`The hold ${name} was released by ${record.released.by} at ${record.released.time}.`)
  const next = v.parse(schema, { ...record, released })
  if (await store.replace(object, write(next), stored.version)) return { name, ...next }
  throw invalid(`The hold ${name} was changed by somebody else just now: look again.`)
}
