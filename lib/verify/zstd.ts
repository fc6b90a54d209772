import { type ZstdOptions, zstdDecompressSync } from 'node:zlib'
import { demand } from './footer.ts'

/** Bytes of a page: none of an archive comes near. */
const MOST_BYTES = 64 * 1024 * 1024
const SMALLEST_CHUNK = 64

/** The one frame of zstd that `bytes` are, unpacked: at most `most` bytes. Throws when it is damaged, larger, or followed by anything. */
export function unpackedFrame(bytes: Uint8Array, most: number, chunkSize?: number): Buffer {
  const options: ZstdOptions = { maxOutputLength: Math.max(most, 1), info: true, ...(chunkSize ? { chunkSize } : {}) }
  // With `info` it says how much of `bytes` it has read.
  const { buffer, engine } = zstdDecompressSync(bytes, options) as unknown as {
    buffer: Buffer
    engine: { bytesWritten: number }
  }
  demand(engine.bytesWritten === bytes.length, 'there are bytes behind what was compressed')
  return buffer
}

/** `bytes` as they were before they were compressed: `size` of them, or it throws. */
export function unpacked(bytes: Uint8Array, size: number): Buffer {
  if (!(size >= 0 && size <= MOST_BYTES)) throw new Error('a page is larger than any of an archive')
  const page = unpackedFrame(bytes, size, Math.max(size, SMALLEST_CHUNK))
  if (page.length !== size) throw new Error('a page is not as large as it says')
  return page
}
