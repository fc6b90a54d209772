import type { ShortAction } from '../../lib/sources/vocabulary.ts'
import type { Way } from './ways.ts'

/** What a sample tells of. */
export interface Told {
  /** New for each: a UUID. */
  id: string
  /** Milliseconds since 1970. */
  time: number
  /** With a namespace: `team/app`. */
  repository: string
  tag: string
  digest: string
  /** Of the registry. */
  domain: string
  /** Who did it. */
  initiator: string
  address: string
  agent: string
}

/** A request before it proves itself. */
export interface Written {
  headers: Readonly<Record<string, string>>
  query?: string
  body: string
  /** How it proves itself, where that is not how the others of its kind do. */
  way?: Way
}

/** What one kind of sender sends, as it sends it. */
export interface Sample {
  /** How it proves itself; only Standard Webhooks need the time and an id of the message. */
  way(told: Told): Way
  /** Each action that it can tell of. */
  actions: Readonly<Partial<Record<ShortAction, (told: Told) => Written>>>
}

export const iso = ({ time }: Told): string => new Date(time).toISOString()
export const seconds = ({ time }: Told): number => Math.floor(time / 1000)

/** `team` and `app` of `team/app`. */
export function split({ repository }: Pick<Told, 'repository'>): { namespace: string; name: string } {
  const at = repository.indexOf('/')
  return at < 0
    ? { namespace: repository, name: repository }
    : { namespace: repository.slice(0, at), name: repository.slice(at + 1) }
}

/** A JSON body. */
export const json = (
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  more: Omit<Partial<Written>, 'headers' | 'body'> = {},
): Written => ({ headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body), ...more })
