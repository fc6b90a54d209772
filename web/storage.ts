import type { Remembered } from './proof.ts'

// What the browser keeps: the secret for as long as the tab is open, and for good what was seen of the logs and what was chosen.
// A browser that keeps nothing costs memory, not work.

const SECRET = 'registry-events.secret'
const LOGS = 'registry-events.logs'
const CHOICES = 'registry-events.choices'

const attempt = <T>(work: () => T): T | undefined => {
  try {
    return work()
  } catch {
    return undefined
  }
}

const read = (name: string): Record<string, unknown> =>
  attempt(() => Object(JSON.parse(localStorage.getItem(name) ?? '{}'))) ?? {}
const write = (name: string, value: object): void => {
  attempt(() => localStorage.setItem(name, JSON.stringify(value)))
}

export const keptSecret = (): string => attempt(() => sessionStorage.getItem(SECRET)) ?? ''

/** Keeps the secret until the tab is closed; an empty one is forgotten. */
export function keepSecret(secret: string): void {
  attempt(() => (secret ? sessionStorage.setItem(SECRET, secret) : sessionStorage.removeItem(SECRET)))
}

/** All that is remembered at this moment, by the location of the log. */
export function memory(): (location: string) => Remembered | undefined {
  const logs = read(LOGS)
  return (location) => (Object.hasOwn(logs, location) ? (logs[location] as Remembered) : undefined)
}

/** What is remembered of the log of a location. */
export const recall = (location: string): Remembered | undefined => memory()(location)

/** Remembers what was found genuine, unless another tab has seen more of the same log meanwhile. */
export function remember(location: string, seen: Remembered): void {
  const known = recall(location)
  if (known && known.key === seen.key && known.size > seen.size) return
  write(LOGS, { ...read(LOGS), [location]: seen })
}

/** Forgets a log: the next key that is told for it is taken for the right one. */
export function forget(location: string): void {
  const { [location]: _forgotten, ...rest } = read(LOGS)
  write(LOGS, rest)
}

export interface Choices {
  theme: 'system' | 'light' | 'dark'
  /** Whether single keys do something. */
  keys: boolean
  /** Whether the list of values is open on the left. */
  facets: boolean
}

export function choices(): Choices {
  const { theme, keys, facets } = read(CHOICES)
  return {
    theme: theme === 'light' || theme === 'dark' ? theme : 'system',
    keys: keys !== false,
    facets: facets !== false,
  }
}

export const choose = (change: Partial<Choices>): void => write(CHOICES, { ...choices(), ...change })
