import { hash } from 'node:crypto'
import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import { RouterError } from '../errors.ts'
import { type LogKey, signNote, type VerifierKey, verifyNote } from '../proof/note.ts'
import { leafHash } from '../proof/tree.ts'
import { type Arrival, readEvent } from './arrival.ts'
import { parseJournalName } from './names.ts'

/** A batch that was taken. */
export interface Batch {
  /** When, in milliseconds since 1970. */
  archived: number
  arrivals: readonly Arrival[]
  /** The hash of each of them as a leaf. */
  leaves: readonly Buffer[]
}

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

// It is gone a moment later: quick rather than small. Its checksum tells when it was damaged.
const params = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 }
/** More than any batch is. */
const MOST_BYTES = 1024 * 1024 * 1024

const digestOf = (leaves: readonly Buffer[]): string => hash('sha256', Buffer.concat(leaves), 'base64')

/** The events of a journal entry, compressed: a line for each, when it was routed and its text. Whatever their numbers become, it is the same. */
export async function compressEvents(arrivals: readonly Arrival[]): Promise<Buffer> {
  const lines = arrivals.map(({ text, routed }) => `${routed ?? ''} ${text}\n`)
  return await compress(Buffer.from(lines.join('')), { params })
}

/** The journal entry of a batch that becomes the leaves from `first` on: a note signed with `key` that says so, and its `events`, compressed. */
export function writeEntry(
  { archived, leaves }: Pick<Batch, 'archived' | 'leaves'>,
  first: number,
  events: Buffer,
  key: LogKey,
): Buffer {
  const lines = [`${key.name}/journal`, first, archived, leaves.length, digestOf(leaves)]
  return Buffer.concat([Buffer.from(signNote(`${lines.join('\n')}\n`, key)), events])
}

const FORM =
  /^(?<origin>[^\n]+)\/journal\n(?<first>\d{1,15})\n(?<archived>\d{1,15})\n(?<count>\d{1,15})\n(?<digest>[\w+/]{43}=)\n$/

/** Where the note ends and the events begin: behind the line that follows the first empty one. */
function endOfNote(bytes: Buffer): number {
  const text = bytes.indexOf('\n\n')
  return text < 0 ? 0 : bytes.indexOf('\n', text + 2) + 1
}

/** What the note of the entry called `name` says. Throws when `key` has not signed it, or it is of another place. */
function readNote(name: string, note: string, key: VerifierKey) {
  const { groups } = FORM.exec(verifyNote(note, key)) ?? {}
  if (groups?.origin !== key.name || Number(groups.first) !== parseJournalName(name)) {
    throw new RouterError('ARCHIVE_DAMAGED', 'What was signed is no journal entry of this place.')
  }
  return { archived: Number(groups.archived), count: Number(groups.count), digest: groups.digest }
}

function readArrivals(content: string, location: string): Arrival[] {
  const lines = content.split('\n')
  lines.pop()
  return lines.map((line) => {
    const at = line.indexOf(' ')
    const routed = line.slice(0, at)
    if (!/^\d{0,15}$/.test(routed)) throw new RouterError('ARCHIVE_DAMAGED', 'A line of it does not begin with a time.')
    return readEvent(line.slice(at + 1), location, routed === '' ? null : Number(routed))
  })
}

/**
 * The batch of the journal entry called `name`, in the archive of `location`. Rejects with `ARCHIVE_DAMAGED`, saying what to do, when it is not
 * an entry of that name that `key` has signed, or an event of it has no place there.
 */
export async function readEntry(name: string, bytes: Buffer, key: VerifierKey, location: string): Promise<Batch> {
  try {
    const end = endOfNote(bytes)
    const { archived, count, digest } = readNote(name, bytes.toString('utf8', 0, end), key)
    const content = await decompress(bytes.subarray(end), { maxOutputLength: MOST_BYTES })
    const arrivals = readArrivals(content.toString(), location)
    const leaves = arrivals.map(({ text }) => leafHash(text))
    if (leaves.length !== count || digestOf(leaves) !== digest)
      throw new Error('Its events are not those that were signed.')
    return { archived, arrivals, leaves }
  } catch (cause) {
    throw new RouterError(
      'ARCHIVE_DAMAGED',
      `${name} is no batch that this log has taken: ${(cause as Error).message} Find out who wrote it, and take it away: what was not archived is still on its queue.`,
      { cause },
    )
  }
}
