import * as v from 'valibot'
import { allowedBy } from './address.ts'
import { type Edition, edition } from './edition.ts'
import { RouterError } from './errors.ts'
import { type Bucket, bucket, type Rate } from './limit.ts'
import type { RegionName } from './locations.ts'
import { type SourceName, type SourceTable, schemes, sources } from './sources/index.ts'
import { type Attempt, attemptsOf } from './sources/signature.ts'
import type { AcceptOf } from './sources/source.ts'

interface AnyRegistry {
  /** Last part of its webhook URL, and what its secret is found by: lower-case letters, digits and dashes. */
  id: string
  /** Domain that its images are named by; one of the location table if it ends in `icr.io`. */
  domain: string
  /** Region of the location table (present or former name) or `global`. It alone decides where events go. */
  region: RegionName
  /** Account that the events are written for. */
  account: string
  /** Editions whose actions it may send, the first one also gives the location mapping; `EDITION` if left out. */
  editions?: readonly string[]
  /** Requests that it may send to each instance; 1,000 per second, 2,000 at once if left out. */
  limit?: Rate
  /** Addresses and networks that its requests may come from, like `192.0.2.0/24`; any if left out. */
  allow?: readonly string[]
}

/** One configured sender, as written in `registries.ts`. Secrets never stand there. */
export type RegistryConfig = {
  [Name in SourceName]: AnyRegistry & {
    source: Name
    /** Settings of its source (docs/sources.md). */
    accept?: AcceptOf<SourceTable[Name]>
  }
}[SourceName]

/** A checked registry with its tables, and the settings of its source with their defaults. */
export interface Registry extends Omit<AnyRegistry, 'editions' | 'limit' | 'allow'> {
  source: SourceName
  editions: readonly [Edition, ...Edition[]]
  settings: Readonly<Record<string, unknown>>
  /** What is tried for a request to it, and which of that counts with these settings. */
  attempts: readonly Attempt[]
  /** Whether any of them needs a secret. */
  needsSecret: boolean
  /** What is left of its limit, in this instance. */
  limit: Bucket
  /** Whether its requests may come from an address. */
  allows(address: string | undefined): boolean
}

const ID = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
/** Secrets of others are found by these. */
const TAKEN = /^(?:alert|reader)-|^log-key$/
const DOMAIN = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$/
const ACCOUNT = /^[A-Za-z0-9_-]{1,64}$/

/** `hub.example.com:5000` → `hub.example.com`: ports and letter case say nothing about which registry it is. */
export const bareDomain = (domain: string): string => domain.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '')

function editionsOf({ editions }: RegistryConfig, fallback: string, complain: (what: string) => void): Edition[] {
  if (editions !== undefined && !Array.isArray(editions)) complain('editions: has to be a list of dates')
  const dates = Array.isArray(editions) ? editions : [fallback]
  if (dates.length === 0) complain('editions: is empty; leave it out to use EDITION')
  return dates.flatMap((date) => {
    try {
      return [edition(typeof date === 'string' ? date : String(JSON.stringify(date)))]
    } catch (error) {
      complain(`editions: ${(error as Error).message}`)
      return []
    }
  })
}

function checkPlace(config: RegistryConfig, tables: Edition, complain: (what: string) => void): void {
  const region = tables.region(config.region)
  if (!region) {
    const known = tables.regions.map((row) => row.region).join(', ')
    complain(`region: ${JSON.stringify(config.region)} is not in edition ${tables.date}; it has ${known}`)
  }
  const domain = isLike(config.domain, DOMAIN) ? bareDomain(config.domain) : ''
  if (!/(?:^|\.)icr\.io$/.test(domain)) return
  const owner = tables.domain(domain)
  if (!owner) complain(`domain: ${config.domain} is not in the location table of edition ${tables.date}`)
  else if (region && owner !== region) {
    complain(`domain: ${config.domain} belongs to region ${owner.region}, but region says ${config.region}`)
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** Whether the setting is text of that form: types do not protect a file that nobody compiled. */
const isLike = (value: unknown, form: RegExp): boolean => typeof value === 'string' && form.test(value)

/** The settings of `config.source` as `accept` gives them, with the defaults; `undefined` when they are wrong. */
function settingsOf(
  { source, accept }: RegistryConfig,
  complain: (what: string) => void,
): Record<string, unknown> | undefined {
  if (typeof source !== 'string' || !Object.hasOwn(sources, source)) {
    complain(`source: ${JSON.stringify(source)} is unknown; there are ${Object.keys(sources).join(', ')}`)
    return undefined
  }
  const entries = sources[source].settings
  const known = Object.keys(entries).join(', ') || 'none'
  const schema = v.strictObject(entries, (issue) =>
    issue.expected === 'never' ? `${source} has no such setting; it has ${known}` : 'has to be an object',
  )
  const parsed = v.safeParse(schema, Array.isArray(accept) ? null : accept === undefined ? {} : accept)
  for (const issue of parsed.issues ?? []) {
    const path = v.getDotPath(issue)
    complain(`${path ? `accept.${path}` : 'accept'}: ${issue.message}`)
  }
  if (!parsed.success) return undefined
  for (const what of sources[source].mistakes?.(parsed.output) ?? []) complain(`accept.${what}`)
  return parsed.output
}

const LIMIT: Rate = { perSecond: 1000, burst: 2000 }
const MOST = 1_000_000

function limitOf({ limit = LIMIT }: RegistryConfig, complain: (what: string) => void): Bucket {
  const { perSecond, burst, ...others }: Partial<Rate> = limit ?? {}
  const isRight = (value: unknown, least: number) => typeof value === 'number' && value >= least && value <= MOST
  if (!isRight(perSecond, 0.001) || !isRight(burst, 1) || Object.keys(others).length > 0)
    complain(`limit: has to be { perSecond, burst }, numbers from 0.001 and from 1 to ${MOST}, and nothing else`)
  return bucket(limit ?? LIMIT)
}

function check(config: RegistryConfig, fallback: string, complain: (what: string) => void): Registry | undefined {
  if (!isLike(config.id, ID)) complain('id: use 1 to 63 lower-case letters, digits and inner dashes')
  if (isLike(config.id, TAKEN)) complain('id: alert-..., reader-... and log-key are ids of other secrets')
  const settings = settingsOf(config, complain)
  if (!isLike(config.domain, DOMAIN)) complain('domain: write it like de.icr.io or registry.example.com:5000')
  if (!isLike(config.account, ACCOUNT)) complain('account: use 1 to 64 letters, digits, dashes and underscores')
  const allowed = ['id', 'source', 'domain', 'region', 'account', 'editions', 'accept', 'limit', 'allow']
  for (const key of Object.keys(config)) if (!allowed.includes(key)) complain(`${key}: there is no such setting`)
  const [first, ...rest] = editionsOf(config, fallback, complain)
  checkPlace(config, first ?? edition(fallback), complain)
  const limit = limitOf(config, complain)
  const allows = allowedBy(config.allow, (what) => complain(`allow: ${what}`))
  if (!first || !settings) return undefined
  const { accept: _accept, allow: _allow, ...own } = config
  const accepted = sources[config.source].accepted?.(settings) ?? sources[config.source].schemes
  const needsSecret = accepted.some(({ secretless }) => !secretless)
  const attempts = attemptsOf(accepted, schemes)
  return { ...own, editions: [first, ...rest], settings, attempts, needsSecret, limit, allows }
}

function checkAll(configs: readonly RegistryConfig[], fallback: string, mistakes: string[]): Map<string, Registry> {
  const registries = new Map<string, Registry>()
  configs.forEach((config, index) => {
    if (!isObject(config)) {
      mistakes.push(`registry number ${index + 1}: has to be an object`)
      return
    }
    const name = typeof config.id === 'string' ? JSON.stringify(config.id) : `number ${index + 1}`
    const complain = (what: string) => mistakes.push(`registry ${name}: ${what}`)
    const registry = check(config, fallback, complain)
    if (registries.has(config.id)) complain('id: is used twice')
    if (registry) registries.set(config.id, registry)
  })
  return registries
}

/**
 * Checks `configs` (the list of `registries.ts`) and returns them by id. Throws one `INVALID_CONFIG` that lists every mistake of
 * every registry at once. `fallback` is the edition of registries that name none.
 */
export function checkRegistries(configs: readonly RegistryConfig[], fallback: string): ReadonlyMap<string, Registry> {
  const mistakes: string[] = []
  const isList = Array.isArray(configs)
  const registries = checkAll(isList ? configs : [], fallback, mistakes)
  if (!isList) mistakes.push('it has to export the list `registries`')
  else if (configs.length === 0) mistakes.push('there is no registry: add one')
  if (mistakes.length === 0) return registries
  throw new RouterError(
    'INVALID_CONFIG',
    `registries.ts has ${mistakes.length} mistake(s):\n  - ${mistakes.join('\n  - ')}`,
  )
}
