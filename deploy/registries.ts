import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { RegistryConfig } from '../lib/registries.ts'

/**
 * The list of `registries.ts`, or of the file that `REGISTRIES` names; not checked yet. Throws when there is no such file, or when it
 * exports no such list.
 */
export async function loadRegistries(): Promise<readonly RegistryConfig[]> {
  const file = process.env.REGISTRIES ?? resolve(import.meta.dirname, '..', 'registries.ts')
  const { registries } = await import(pathToFileURL(resolve(file)).href)
  if (!Array.isArray(registries)) throw new Error(`${file} has to export the list "registries"`)
  return registries
}
