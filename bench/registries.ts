import type { RegistryConfig } from '../lib/registries.ts'

/** More than a measurement sends. */
const limit = { perSecond: 1_000_000, burst: 1_000_000 }

/** The one registry of the measurements, so that they do not depend on whatever `registries.ts` holds. */
export const registries: readonly RegistryConfig[] = [
  { id: 'distribution', source: 'distribution', domain: 'de.icr.io', region: 'eu-central', account: 'local', limit },
]
