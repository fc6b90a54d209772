import { isIP } from 'node:net'
import { actions } from '../../lib/actions.ts'
import type { AuditEvent } from '../../lib/event.ts'

// What a search has to answer, by looking at every event.

/** An event that was archived, as the archive has it. */
export interface Archived {
  location: string
  leaf: number
  text: string
  event: AuditEvent
  time: number
}

const timeOf = (text: string): number => Date.parse(text.replace('+0000', 'Z'))

export const archived = (location: string, leaf: number, event: AuditEvent, text: string): Archived => ({
  location,
  leaf,
  text,
  event,
  time: timeOf(event.eventTime),
})

/** Of the copies of each event the one that was archived first. */
export function once(all: readonly Archived[]): Archived[] {
  const seen = new Set<string>()
  return all
    .toSorted((one, other) => one.leaf - other.leaf)
    .filter(({ location, event }) => {
      const key = `${location} ${event.id}`
      const isNew = !seen.has(key)
      seen.add(key)
      return isNew
    })
}

/** An address as URLs write it, all of them as IPv6; any other text as it is. */
function oneSpelling(address: string): string {
  if (!isIP(address)) return address
  return new URL(`http://[${isIP(address) === 4 ? `::ffff:${address}` : address}]`).hostname
}

/** The number of an IPv4 address, also of one that is written as IPv6. */
function toNumber(address: string): number | undefined {
  const [, high, low] = /^\[::ffff:([\da-f]+):([\da-f]+)\]$/.exec(oneSpelling(address)) ?? []
  return high && low ? Number.parseInt(high, 16) * 65_536 + Number.parseInt(low, 16) : undefined
}

function isWithin(address: string, network: string): boolean {
  const [first = '', bits = ''] = network.split('/')
  const [own, start] = [toNumber(address), toNumber(first)]
  if (own === undefined || start === undefined) return false
  const size = 2 ** (32 - Number(bits))
  return Math.floor(own / size) === Math.floor(start / size)
}

const whole = (action: string): string =>
  action.startsWith('container-registry.') ? action : `container-registry.${action}`

const meets: Readonly<Record<string, (archived: Archived, value: string) => boolean>> = {
  action: ({ event }, value) =>
    value.endsWith('*') ? event.action.startsWith(whole(value).slice(0, -1)) : event.action === whole(value),
  family: ({ event }, value) => actions.some(({ action, family }) => action === event.action && family === value),
  dataEvent: ({ event }, value) => String(event.dataEvent) === value,
  outcome: ({ event }, value) => event.outcome === value,
  severity: ({ event }, value) => event.severity === value,
  initiator: ({ event }, value) => event.initiator.id === value || event.initiator.name === value,
  address: ({ event }, value) =>
    value.includes('/')
      ? isWithin(event.initiator.host.address, value)
      : oneSpelling(event.initiator.host.address) === oneSpelling(value),
  target: ({ event }, value) => event.target.id === value || event.target.name === value,
  targetPrefix: ({ event }, value) => event.target.id.startsWith(value) || event.target.name.startsWith(value),
  targetContains: ({ event }, value) => event.target.id.includes(value) || event.target.name.includes(value),
  registry: ({ event }, value) => event.provenance?.registry === value,
  region: ({ event }, value) => event.provenance?.region === value,
  location: ({ location }, value) => location === value,
  id: ({ event }, value) => event.id === value,
  q: ({ text }, value) => text.toLowerCase().includes(value.toLowerCase()),
}

/** Whether an event meets all parameters of `query`. */
export function meetsAll(one: Archived, query: URLSearchParams): boolean {
  const from = query.get('from')
  const to = query.get('to')
  if (from && one.time < Date.parse(from)) return false
  if (to && one.time >= Date.parse(to)) return false
  const starts = new Map(
    query
      .get('after')
      ?.split(',')
      .map((start) => start.split(':') as [string, string]),
  )
  if (one.leaf < Number(starts.get(one.location) ?? 0)) return false
  return Object.entries(meets).every(([name, meet]) => {
    const wanted = query.getAll(name)
    const unwanted = query.getAll(`${name}!`)
    return (
      (wanted.length === 0 || wanted.some((value) => meet(one, value))) && !unwanted.some((value) => meet(one, value))
    )
  })
}

const weight = ['normal', 'warning', 'critical']
const keys: Readonly<Record<string, (archived: Archived) => string | number>> = {
  time: () => '',
  action: ({ event }) => event.action,
  initiator: ({ event }) => event.initiator.name,
  target: ({ event }) => event.target.name,
  severity: ({ event }) => weight.indexOf(event.severity),
  outcome: ({ event }) => event.outcome,
  address: ({ event }) => event.initiator.host.address,
  registry: ({ event }) => event.provenance?.registry ?? '',
  location: ({ location }) => location,
}

const bytes = (value: string): Buffer => Buffer.from(value)

function compare(one: string | number, other: string | number): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other
  return Buffer.compare(bytes(String(one)), bytes(String(other)))
}

/** `events` in the order of `sort`. */
export function inOrder(events: readonly Archived[], sort: string): Archived[] {
  const key = keys[sort.replace('-', '')] as (archived: Archived) => string | number
  const sign = sort.startsWith('-') ? -1 : 1
  return events.toSorted(
    (one, other) =>
      sign *
      (compare(key(one), key(other)) ||
        one.time - other.time ||
        compare(one.location, other.location) ||
        one.leaf - other.leaf),
  )
}

const familyOf = (one: Archived): string => actions.find(({ action }) => action === one.event.action)?.family ?? ''

const counted: Readonly<Record<string, (archived: Archived) => string>> = {
  action: ({ event }) => event.action,
  family: familyOf,
  outcome: ({ event }) => event.outcome,
  severity: ({ event }) => event.severity,
  dataEvent: ({ event }) => String(event.dataEvent),
  initiator: ({ event }) => event.initiator.name,
  registry: ({ event }) => event.provenance?.registry ?? '',
  region: ({ event }) => event.provenance?.region ?? '',
  location: ({ location }) => location,
  target: ({ event }) => event.target.name,
  address: ({ event }) => event.initiator.host.address,
}

/** What events can be counted by. */
export const countNames: readonly string[] = Object.keys(counted)

/** How often each value occurs, the most frequent ones first: `top` at most. */
export function countsBy(events: readonly Archived[], name: string, top: number): { value: string; count: number }[] {
  const groups = Map.groupBy(events, counted[name] as (archived: Archived) => string)
  return [...groups]
    .map(([value, some]) => ({ value, count: some.length }))
    .sort((one, other) => other.count - one.count || compare(one.value, other.value))
    .slice(0, top)
}

/** The events of each interval of so many milliseconds that has any, and the failures among them. */
export function bucketsOf(
  events: readonly Archived[],
  milliseconds: number,
): { time: string; count: number; failures: number }[] {
  const groups = Map.groupBy(events, (one) => Math.floor(one.time / milliseconds))
  return [...groups]
    .sort(([one], [other]) => one - other)
    .map(([bucket, some]) => ({
      time: new Date(bucket * milliseconds).toISOString(),
      count: some.length,
      failures: some.filter(({ event }) => event.outcome === 'failure').length,
    }))
}
