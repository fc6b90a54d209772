import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ArchiveConfig } from '../lib/archives.ts'

/** The file with the settings of the archives: what `ARCHIVE` names, else `archive.ts`. */
export const archiveFile = (): string => resolve(process.env.ARCHIVE ?? resolve(import.meta.dirname, '../archive.ts'))

/** The settings that `file` exports; not checked yet. Throws when there is no such file, or when it exports none. */
export async function loadArchive(file = archiveFile()): Promise<ArchiveConfig> {
  const { archive } = await import(pathToFileURL(file).href)
  if (typeof archive !== 'object' || archive === null) throw new Error(`${file} has to export the object "archive"`)
  return archive
}
