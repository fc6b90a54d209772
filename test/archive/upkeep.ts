import { createHash } from 'node:crypto'
import { archiver } from '../../lib/archive/archive.ts'
import { CHECKPOINT, eventsOf, parseEventsFile } from '../../lib/archive/names.ts'
import { readRows } from '../../lib/archive/parquet.ts'
import { eventText } from '../../lib/archive/row.ts'
import { tilesOf } from '../../lib/archive/tiles.ts'
import { canonicalText } from '../../lib/proof/canonical.ts'
import { openCheckpoint } from '../../lib/proof/checkpoint.ts'
import { logKey } from '../../lib/proof/note.ts'
import { treeOf } from '../../lib/proof/tree.ts'
import { memory } from '../../lib/stores/memory.ts'
import type { Store } from '../../lib/stores/store.ts'
import { formatTime } from '../../lib/time.ts'

// A small archive in memory, stores that fail, and a look at what lies there that knows the files alone.

export const location = 'eu-de'
export const seed = Buffer.alloc(32, 7)
export const key = logKey('events.example.com/test/eu-de', seed)
export const otherKey = logKey('events.example.com/test/eu-de', Buffer.alloc(32, 8))

/** An archive, and everything that was put into it. */
export interface Sample {
  store: Store
  /** The text of each leaf. */
  texts: string[]
  /** What its clock says, in milliseconds since 1970; the store's as well. */
  clock: { now: number }
  /** Archives a batch of events: how many on which days. */
  append(days: Readonly<Record<string, number>>): Promise<void>
}

const clockOf = (time: string) => ({ now: Date.parse(time) })

/** An empty archive; `store` if there is one to use. */
export function openSample(
  time = '2026-11-22T13:00:00Z',
  clock = clockOf(time),
  store = memory(() => clock.now),
): Sample {
  const texts: string[] = []
  const { append } = archiver({ store, location, key, now: () => clock.now })
  return {
    store,
    texts,
    clock,
    async append(days) {
      const batch = Object.entries(days).flatMap(([day, count]) =>
        Array.from({ length: count }, (_, index) => {
          const eventTime = formatTime(Date.parse(day) + (((texts.length + index) * 7919) % 86_400) * 1000)
          const id = `${day}-${texts.length + index}`
          return canonicalText({
            id,
            eventTime,
            action: 'container-registry.image.push',
            outcome: 'success',
            target: { id },
          })
        }),
      )
      texts.push(...batch)
      await append(batch.map((text) => ({ text, routed: clock.now })))
    },
  }
}

/** Archives a batch as it was done at `time`. */
export async function appendAt(
  time: string,
  { clock, append }: Sample,
  days: Readonly<Record<string, number>>,
): Promise<void> {
  const { now } = clock
  clock.now = Date.parse(time)
  await append(days)
  clock.now = now
}

/** Another archive that holds the same, and was written at the time on `clock`. */
export async function copyOf({ store, texts, clock }: Sample): Promise<Sample> {
  const copy = openSample('', { ...clock })
  for await (const { name, modifiedAt } of store.list('')) {
    copy.clock.now = modifiedAt
    await copy.store.put(name, (await store.get(name))?.bytes ?? Buffer.of())
  }
  copy.clock.now = clock.now
  copy.texts.push(...texts)
  return copy
}

export const filesOf = async (store: Store, day?: string): Promise<string[]> =>
  (await Array.fromAsync(store.list(eventsOf(location, day)))).map(({ name }) => name)

/** The text of every leaf that stands in a file, each file read in full. Throws when a leaf says two things. */
export async function storedTexts(store: Store): Promise<Map<number, string>> {
  const texts = new Map<number, string>()
  for (const name of await filesOf(store)) {
    const bytes = (await store.get(name))?.bytes ?? Buffer.of()
    const rows = await readRows(bytes)
    if (!name.includes(createHash('sha256').update(bytes).digest('hex').slice(0, 32)))
      throw new Error(`${name} has another hash`)
    if (parseEventsFile(name)?.count !== rows.length) throw new Error(`${name} has another count`)
    for (const row of rows) {
      const text = eventText(row)
      if ((texts.get(row.leaf) ?? text) !== text) throw new Error(`leaf ${row.leaf} says two things`)
      texts.set(row.leaf, text)
    }
  }
  return texts
}

const sha256 = (...parts: readonly Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()

/** Where an inclusion proof leads to, as RFC 9162 (2.1.3.2) has it. */
function rootFrom(text: string, leaf: number, size: number, proof: readonly Buffer[]): string {
  let [at, last, hash] = [leaf, size - 1, sha256(Buffer.of(0), Buffer.from(text))]
  for (const sibling of proof) {
    if (at % 2 === 1 || at === last) {
      hash = sha256(Buffer.of(1), sibling, hash)
      while (at % 2 === 0 && at !== 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
    } else hash = sha256(Buffer.of(1), hash, sibling)
    ;[at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
  }
  return last === 0 ? hash.toString('hex') : 'none'
}

/** The leaves whose event stands in a file and is proven by the checkpoint, in order. Throws when one is not. */
export async function provenLeaves(store: Store): Promise<number[]> {
  const note = (await store.get(CHECKPOINT))?.bytes.toString() ?? ''
  const { size, root } = openCheckpoint(note, key)
  const tree = treeOf(size, tilesOf(store))
  const texts = await storedTexts(store)
  for (const [leaf, text] of texts) {
    if (rootFrom(text, leaf, size, await tree.inclusion(leaf)) !== root.toString('hex'))
      throw new Error(`leaf ${leaf} is not proven`)
  }
  return [...texts.keys()].sort((one, other) => one - other)
}

/** `store`, which calls `at` with the number of the call before each, and `after` it when it was done. */
export function watched(
  store: Store,
  at: (call: number) => void | Promise<void>,
  after: (call: number) => void = () => {},
): Store {
  let calls = 0
  const step = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const call = ++calls
    await at(call)
    const result = await work()
    after(call)
    return result
  }
  return {
    get: (name) => step(() => store.get(name)),
    put: (name, bytes) => step(() => store.put(name, bytes)),
    create: (name, bytes) => step(() => store.create(name, bytes)),
    replace: (name, bytes, version) => step(() => store.replace(name, bytes, version)),
    remove: (name) => step(() => store.remove(name)),
    async *list(prefix) {
      const listed = await step(() => Array.fromAsync(store.list(prefix)))
      yield* listed
    },
  }
}

class Killed extends Error {}

/**
 * Runs `work` on a copy of `sample` whose store ends it at its first call, at the second one, and so on, before and after that was done,
 * until it gets through. Calls `check` for what each has left.
 */
export async function killedAtEveryStep(
  sample: Sample,
  work: (sample: Sample) => Promise<unknown>,
  check: (left: Sample, step: string) => Promise<void>,
): Promise<number> {
  for (let call = 1; ; call++) {
    const die = (at: number): void => {
      if (at >= call) throw new Killed()
    }
    for (const when of ['before', 'after'] as const) {
      const copy = await copyOf(sample)
      const store = when === 'before' ? watched(copy.store, die) : watched(copy.store, () => {}, die)
      const isThrough = await work({ ...copy, store }).then(
        () => true,
        (error: unknown) => {
          if (!(error instanceof Killed)) throw error
          return false
        },
      )
      if (isThrough) return call - 1
      await check(copy, `${when} call ${call}`)
    }
  }
}
