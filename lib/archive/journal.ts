import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import { RouterError } from '../errors.ts'
import type { Row } from './row.ts'

/** An event on its way into the archive. */
export interface Arrival {
  /** Its canonical JSON. */
  text: string
  /** Its row, when that was already made: without the leaf, and without the time at which it was archived. */
  row?: Row
  /** When the router sent it, in milliseconds since 1970; `null` when nobody knows. */
  routed: number | null
}

/** A batch that was taken. */
export interface Batch {
  /** When, in milliseconds since 1970. */
  archived: number
  arrivals: readonly Arrival[]
}

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

// It is gone a moment later: quick rather than small. Its checksum tells when it was damaged.
const params = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 }

/** `batch` as a journal entry: zstd of lines, the first with the time, then one for each event: when it was routed, and its text. */
export async function writeEntry({ archived, arrivals }: Batch): Promise<Buffer> {
  const lines = arrivals.map(({ text, routed }) => `${routed ?? ''} ${text}\n`)
  return await compress(Buffer.from(`${archived}\n${lines.join('')}`), { params })
}

/** The batch of a journal entry. Rejects with `ARCHIVE_DAMAGED` when it can't be read. */
export async function readEntry(name: string, bytes: Buffer): Promise<Batch> {
  let content: Buffer
  try {
    content = await decompress(bytes)
  } catch (cause) {
    throw new RouterError('ARCHIVE_DAMAGED', `${name} is damaged.`, { cause })
  }
  const [archived = '', ...lines] = content.toString().split('\n')
  lines.pop()
  const arrivals = lines.map((line) => {
    const at = line.indexOf(' ')
    return { routed: at === 0 ? null : Number(line.slice(0, at)), text: line.slice(at + 1) }
  })
  return { archived: Number(archived), arrivals }
}
