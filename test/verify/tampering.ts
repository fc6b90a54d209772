import { createHash, hash } from 'node:crypto'
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { constants, zstdCompressSync } from 'node:zlib'
import { parquetMetadata } from 'hyparquet'
import { ByteWriter } from 'hyparquet-writer/src/bytewriter.js'
import { writeMetadata } from 'hyparquet-writer/src/metadata.js'
import { eventsFile, parseEventsFile } from '../../lib/archive/names.ts'
import { readRows, writeRows } from '../../lib/archive/parquet.ts'
import type { Row } from '../../lib/archive/row.ts'
import { type LogKey, signNote } from '../../lib/proof/note.ts'

// What somebody can do to an archive who may write its files.

/** Folders that are taken away by `clean`. */
const folders: string[] = []

/** A folder of its own. */
export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'verify-'))
  folders.push(made)
  return made
}

export function clean(): void {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true })
}

/** A copy of the archive `root`, called as its location. */
export function copyOf(root: string): string {
  const copy = join(folder(), 'eu-de')
  cpSync(root, copy, { recursive: true })
  return copy
}

/** Names of the files of the archive `root` that `pattern` is of, in order. */
export const filesOf = (root: string, pattern: string): string[] => globSync(pattern, { cwd: root }).sort()

/** Names of the files of events, by first leaf. */
export const eventFiles = (root: string): string[] =>
  filesOf(root, 'events/*/*/*.parquet').sort((one, other) => first(one) - first(other))

const first = (name: string): number => parseEventsFile(name)?.first ?? 0

/** Flips one bit of a file. */
export function flip(root: string, name: string, byte: number, bit = 0): void {
  const bytes = readFileSync(join(root, name))
  bytes[byte] = (bytes[byte] ?? 0) ^ (1 << bit)
  writeFileSync(join(root, name), bytes)
}

/** Cuts a file. */
export function truncate(root: string, name: string, bytes: number): void {
  writeFileSync(join(root, name), readFileSync(join(root, name)).subarray(0, bytes))
}

export function remove(root: string, name: string): void {
  rmSync(join(root, name))
}

/** The rows of a file of events. */
export const rowsOf = (root: string, name: string): Promise<Row[]> => readRows(readFileSync(join(root, name)))

/** Writes `rows` as a file of events beside the file `name`, with a name that fits. Returns its name. */
export function add(root: string, name: string, rows: Row[]): string {
  const bytes = writeRows(rows)
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 32)
  const { location = '', day = '' } = parseEventsFile(name) ?? {}
  const lowest = Math.min(...rows.map(({ leaf }) => leaf))
  const added = eventsFile({ location, day, first: lowest, count: rows.length, digest })
  put(root, added, bytes)
  return added
}

/** The same in place of the file `name`. */
export function write(root: string, name: string, rows: Row[]): string {
  const written = add(root, name, rows)
  if (name !== written) rmSync(join(root, name), { force: true })
  return written
}

/** Rewrites a file of events, with a name that fits. Returns its name. */
export async function rewrite(root: string, name: string, change: (rows: Row[]) => Row[] | undefined): Promise<string> {
  const rows = await rowsOf(root, name)
  return write(root, name, change(rows) ?? rows)
}

/** Moves a file. */
export function move(root: string, from: string, to: string): void {
  mkdirSync(dirname(join(root, to)), { recursive: true })
  renameSync(join(root, from), join(root, to))
}

export const read = (root: string, name: string): string => readFileSync(join(root, name), 'utf8')

export function put(root: string, name: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(root, name)), { recursive: true })
  writeFileSync(join(root, name), content)
}

/** A journal entry of events, signed by `key`: of those that become the leaves from `first` on. */
export function journalEntry(first: number, texts: readonly string[], key: LogKey): Buffer {
  const leaves = Buffer.concat(texts.map((text) => hash('sha256', `\u0000${text}`, 'buffer')))
  const digest = hash('sha256', leaves, 'base64')
  const params = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 }
  const frame = zstdCompressSync(texts.map((text) => `1 ${text}\n`).join(''), { params })
  const note = signNote(`${key.name}/journal\n${first}\n1\n${texts.length}\n${digest}\n`, key)
  return Buffer.concat([Buffer.from(note), frame])
}

/** Puts `bytes` into the place of the file of events `name`, with a name that fits. Returns it. */
export function replaceFile(root: string, name: string, bytes: Uint8Array): string {
  const replaced = name.replace(/[0-9a-f]{32}(?=\.parquet$)/, hash('sha256', bytes).slice(0, 32))
  remove(root, name)
  put(root, replaced, bytes)
  return replaced
}

/** What a Parquet file says of itself. */
export type Footer = ReturnType<typeof parquetMetadata>

/** `file` with another footer. */
export function withFooter(file: Buffer, change: (footer: Footer) => void, between = Buffer.alloc(0)): Buffer {
  const footer = parquetMetadata(new Uint8Array(file))
  change(footer)
  const end = file.length - 8 - file.readUInt32LE(file.length - 8)
  const written = new ByteWriter()
  writeMetadata(written, footer)
  return Buffer.concat([file.subarray(0, end), between, written.getBytes(), Buffer.from('PAR1')])
}
