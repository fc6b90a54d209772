import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { RegistryConfig } from '../lib/registries.ts'

/** The list of `registries.ts`, or of the file that `REGISTRIES` names. */
export async function loadRegistries(): Promise<readonly RegistryConfig[]> {
  const file = process.env.REGISTRIES ?? resolve(import.meta.dirname, '..', 'registries.ts')
  const { registries } = await import(pathToFileURL(resolve(file)).href)
  return registries
}
