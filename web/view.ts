import { type Filter, fromPair, toPairs } from './filters.ts'
import { lengthOf, type Range, type Zone } from './time.ts'

// What is looked at, as the part of the address behind `#`: a link to it shows the same to whoever may see it. That part is never
// sent to a server, so names of initiators and targets do not get into anybody's access log; and the secret is no part of it.

export type Tab = 'event' | 'explain' | 'proof' | 'json'
export const tabs: readonly Tab[] = ['event', 'explain', 'proof', 'json']

/** Everything that a link says. */
export interface View {
  range: Range
  filters: readonly Filter[]
  /** A column, with `-` from the largest value on. */
  sort: string
  zone: Zone
  /** Whether new events are shown as they come. */
  live: boolean
  /** The id of the event that is open; empty when none is. */
  event: string
  tab: Tab
}

export const sortable = [
  'time',
  'action',
  'outcome',
  'severity',
  'initiator',
  'target',
  'address',
  'registry',
  'location',
] as const

export const initial: View = {
  range: { last: '24h' },
  filters: [],
  sort: '-time',
  zone: 'utc',
  live: false,
  event: '',
  tab: 'event',
}

const ALL = 'all'

const rangeTo = (range: Range): [string, string][] => {
  if (range.last !== undefined) return [['last', range.last]]
  const ends: [string, string][] = []
  if (range.from) ends.push(['from', range.from])
  if (range.to) ends.push(['to', range.to])
  return ends.length > 0 ? ends : [['last', ALL]]
}

const timeIn = (text: string | null): string | undefined =>
  text === null || Number.isNaN(Date.parse(text)) ? undefined : text

function rangeFrom(given: URLSearchParams): Range {
  const last = given.get('last')
  const [from, to] = [timeIn(given.get('from')), timeIn(given.get('to'))]
  if (from || to) return { from, to }
  if (last === ALL) return {}
  return last !== null && lengthOf(last) !== undefined ? { last } : initial.range
}

// Of what may stand in a fragment as it is, only what reads better so.
const encode = (text: string): string => encodeURIComponent(text).replaceAll(/%(?:2F|3A|40|2C)/g, decodeURIComponent)

/** `view` as the text behind `#`. What is as in `initial` is left out. */
export function toHash(view: View): string {
  const pairs: [string, string][] = [...rangeTo(view.range), ...toPairs(view.filters)]
  if (view.sort !== initial.sort) pairs.push(['sort', view.sort])
  if (view.zone !== initial.zone) pairs.push(['zone', view.zone])
  if (view.live) pairs.push(['live', '1'])
  if (view.event) pairs.push(['event', view.event])
  if (view.event && view.tab !== initial.tab) pairs.push(['tab', view.tab])
  return pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
}

/** The view that the text behind `#` says. What it does not know, or what can't be, is as in `initial`. */
export function fromHash(hash: string): View {
  const given = new URLSearchParams(hash.replace(/^#/, ''))
  const filters = [...given].map(([name, value]) => fromPair(name, value)).filter((filter) => filter !== undefined)
  const sort = given.get('sort') ?? ''
  return {
    range: rangeFrom(given),
    filters,
    sort: sortable.some((name) => name === sort.replace(/^-/, '')) ? sort : initial.sort,
    zone: given.get('zone') === 'local' ? 'local' : 'utc',
    live: given.get('live') === '1',
    event: given.get('event') ?? '',
    tab: tabs.find((tab) => tab === given.get('tab')) ?? initial.tab,
  }
}
