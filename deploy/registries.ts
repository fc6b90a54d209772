import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { RegistryConfig } from '../lib/registries.ts'

/** The file that lists the registries: what `REGISTRIES` names, else `registries.ts`. */
export const registriesFile = (): string =>
  resolve(process.env.REGISTRIES ?? resolve(import.meta.dirname, '../registries.ts'))

/** The list that `file` exports; not checked yet. Throws when there is no such file, or when it exports no such list. */
export async function loadRegistries(file = registriesFile()): Promise<readonly RegistryConfig[]> {
  const { registries } = await import(pathToFileURL(file).href)
  if (!Array.isArray(registries)) throw new Error(`${file} has to export the list "registries"`)
  return registries
}
