import { zstdDecompressSync } from 'node:zlib'

/** More than any batch is. */
const MOST_BYTES = 1024 * 1024 * 1024
/** The frame of zstd has a bit that nobody reads. */
const UNUSED = 0x10

/** How many events the journal entry `bytes` holds; `undefined` when it is damaged. */
export function countJournal(bytes: Buffer): number | undefined {
  if (((bytes[4] ?? 0) & UNUSED) !== 0) return undefined
  try {
    // The checksum of the frame is compared here.
    const [time = '', ...lines] = zstdDecompressSync(bytes, { maxOutputLength: MOST_BYTES }).toString().split('\n')
    const isWhole = /^\d+$/.test(time) && lines.pop() === '' && lines.every((line) => /^\d* \{.*\}$/.test(line))
    return isWhole ? lines.length : undefined
  } catch {
    return undefined
  }
}
