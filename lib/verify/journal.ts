import { createHash } from 'node:crypto'
import { leafHash } from './hashes.ts'
import { parseNote, parseNumber, signedBy, type VerifierKey } from './note.ts'
import { unpackedFrame } from './zstd.ts'

// Journal entries: batches that were taken and may not be part of the log yet. An entry is a note that the key of the log has signed, and
// behind it the events, compressed. The note says which leaves they become and what they are.

/** More than any batch is. */
export const MOST_BYTES = 256 * 1024 * 1024
/** The frame of zstd has a bit that nobody reads. */
const UNUSED = 0x10

/** A batch that was taken. */
export interface Batch {
  /** Number of its first leaf. */
  first: number
  /** Hashes of its leaves, in order. */
  hashes: string[]
}

const TEXT = /^([^\n]+)\/journal\n(\d+)\n(\d+)\n(\d+)\n([A-Za-z0-9+/=]+)\n$/
// U+2028 and U+2029 end no line here.
const LINE = /^\d* \{.*\}$/s

/** The hashes of the events in `frame`; `undefined` when it is damaged. */
function hashesIn(frame: Buffer): string[] | undefined {
  if (((frame[4] ?? 0) & UNUSED) !== 0) return undefined
  try {
    // The checksum of the frame is compared here.
    const lines = unpackedFrame(frame, MOST_BYTES).toString().split('\n')
    const isWhole = lines.pop() === '' && lines.every((line) => LINE.test(line))
    return isWhole ? lines.map((line) => leafHash(line.slice(line.indexOf(' ') + 1))) : undefined
  } catch {
    return undefined
  }
}

const digestOf = (hashes: readonly string[]): string => {
  const sum = createHash('sha256')
  for (const hash of hashes) sum.update(hash, 'latin1')
  return sum.digest('base64')
}

/** The batch of the journal entry `bytes`, called by its `first` leaf; or why it explains nothing. */
export function readJournal(bytes: Buffer, first: number, key: VerifierKey | undefined): Batch | string {
  const text = bytes.indexOf('\n\n')
  const end = bytes.indexOf('\n', text + 2) + 1
  const note = text < 0 || end === 0 ? undefined : parseNote(bytes.subarray(0, end))
  const [, origin, leaf = '', taken = '', count = '', digest] = TEXT.exec(note?.text ?? '') ?? []
  if (!note || [leaf, taken, count].some((number) => parseNumber(number) === undefined))
    return 'It is no signed note of a batch.'
  const signed = key && signedBy(note, key)
  if (signed !== 'yes' || origin !== key?.name)
    return signed === 'forged' ? 'Its note was changed after it was signed.' : 'The key of the log has not signed it.'
  if (Number(leaf) !== first) return `It is of the batch at ${leaf}.`
  const hashes = hashesIn(bytes.subarray(end))
  if (!hashes) return "Its events can't be read, or their checksum is wrong."
  if (hashes.length !== Number(count) || digestOf(hashes) !== digest) return 'Its events are not those of its note.'
  return { first, hashes }
}
