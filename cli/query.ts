import { InvalidArgumentError, Option } from 'commander'
import { places, regions } from '../lib/locations.ts'
import { families, shortActions } from './actions.ts'
import { since } from './command.ts'
import type { ReaderOptions } from './reader.ts'
import { timeText } from './terminal.ts'

// The filters of the search as options (docs/search.md).

/** One filter. */
export interface Filter {
  /** Name of the parameter. */
  parameter: string
  /** What its value is called: `<time>`. */
  value: string
  /** Which events it leaves. */
  says: string
  /** The only values that it can have. */
  choices?: readonly string[]
  /** Values that are offered; others are taken as well. */
  offers?: readonly string[]
  /** Reads a value, and throws an `InvalidArgumentError` for what is none. */
  read?: (text: string) => string
  /** It has one value, and nothing can be left out by it. */
  single?: true
}

const unique = (names: readonly (string | null)[]): string[] => [...new Set(names.filter((name) => name !== null))]

const time = (text: string): string => timeText(since(text))

function leaves(text: string): string {
  if (/^[a-z0-9-]+:\d+(?:,[a-z0-9-]+:\d+)*$/.test(text)) return text
  throw new InvalidArgumentError('Write it like eu-de:1200,jp-tok:0.')
}

/** Every filter of docs/search.md but `q`, which is what stands behind the command. */
export const filters: readonly Filter[] = [
  {
    parameter: 'from',
    value: 'time',
    says: 'that happened from this time on: 15m, 24h, 7d ago, 2026-11-22, or 2026-11-22T13:00:00Z',
    read: time,
    single: true,
  },
  { parameter: 'to', value: 'time', says: 'that happened before this time', read: time, single: true },
  { parameter: 'action', value: 'name', says: 'of this action: image.push, image.*', offers: shortActions },
  { parameter: 'family', value: 'name', says: 'of this family of actions', choices: families },
  { parameter: 'dataEvent', value: 'bool', says: 'that are data events, or are none', choices: ['true', 'false'] },
  { parameter: 'outcome', value: 'name', says: 'that ended so', choices: ['success', 'failure', 'pending'] },
  { parameter: 'severity', value: 'name', says: 'of this severity', choices: ['normal', 'warning', 'critical'] },
  { parameter: 'initiator', value: 'who', says: 'done by who has this id or name' },
  { parameter: 'address', value: 'ip', says: 'done from this address or network: 192.0.2.0/24' },
  { parameter: 'target', value: 'what', says: 'done to what has this id or name' },
  { parameter: 'targetPrefix', value: 'text', says: 'done to what has an id or a name that begins so' },
  { parameter: 'targetContains', value: 'text', says: 'done to what has an id or a name that contains this' },
  { parameter: 'registry', value: 'id', says: 'of this registry' },
  {
    parameter: 'region',
    value: 'name',
    says: 'of this region',
    offers: unique(regions.flatMap(({ region, former }) => [region, former])),
  },
  { parameter: 'location', value: 'name', says: 'of this location', offers: places.map(({ location }) => location) },
  { parameter: 'id', value: 'id', says: 'with this id' },
  {
    parameter: 'after',
    value: 'leaves',
    says: 'archived later: eu-de:1200,jp-tok:0 are the leaves from which on is looked',
    read: leaves,
    single: true,
  },
]

const negatable = filters.filter(({ single }) => !single)

/** `--target-prefix` for `targetPrefix`. */
export const flagOf = ({ parameter }: Pick<Filter, 'parameter'>): string =>
  `--${parameter.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** An option whose values are offered by completion, while others are taken as well. */
export class Offering extends Option {
  readonly offers: readonly string[]
  constructor(flags: string, description: string, offers: readonly string[]) {
    super(flags, description)
    this.offers = offers
  }
}

function checked(filter: Filter, text: string): string {
  if (filter.choices && !filter.choices.includes(text))
    throw new InvalidArgumentError(`It has to be one of ${filter.choices.join(', ')}.`)
  return filter.read?.(text) ?? text
}

function optionOf(filter: Filter): Option {
  const { value, says, offers, choices, single } = filter
  const option = new Offering(`${flagOf(filter)} <${value}>`, says, offers ?? [])
  if (choices) option.choices(choices)
  // Values of an option that is given several times are collected; `choices` alone would keep the last one.
  return option.argParser((text: string, before: readonly string[] = []) => [
    ...(single ? [] : before),
    checked(filter, text),
  ])
}

function negation(text: string, before: readonly string[] = []): string[] {
  const [, name = '', value = ''] = /^([A-Za-z-]+)=(.+)$/s.exec(text) ?? []
  const filter = negatable.find((one) => [one.parameter, flagOf(one).slice(2)].includes(name))
  if (!filter) {
    const names = negatable.map((one) => flagOf(one).slice(2)).join(', ')
    throw new InvalidArgumentError(`Write it like initiator=ci. It can be ${names}.`)
  }
  return [...before, `${filter.parameter}=${checked(filter, value)}`]
}

/** What a command about events may be told about which ones. */
export interface QueryOptions extends ReaderOptions {
  not?: readonly string[]
}

/** The options of `QueryOptions`. */
export const queryOptions = (): Option[] => [
  ...filters.map(optionOf),
  new Offering(
    '--not <filter=value>',
    'leave out: initiator=ci leaves out what has that initiator',
    negatable.map((filter) => `${flagOf(filter).slice(2)}=`),
  ).argParser(negation),
]

/** The parameters of `options`; `words` are the text that an event's JSON has to contain. */
export function queryOf(options: QueryOptions, words: readonly string[]): URLSearchParams {
  const given = options as unknown as Readonly<Record<string, readonly string[] | undefined>>
  const query = new URLSearchParams()
  for (const { parameter } of filters) for (const value of given[parameter] ?? []) query.append(parameter, value)
  for (const text of options.not ?? []) {
    const at = text.indexOf('=')
    query.append(`${text.slice(0, at)}!`, text.slice(at + 1))
  }
  if (words.length > 0) query.append('q', words.join(' '))
  return query
}

const SORTED = ['time', 'action', 'initiator', 'target', 'severity', 'outcome', 'address', 'registry', 'location']

/** By what the search sorts. */
export const sorts: readonly string[] = SORTED.flatMap((name) => [name, `-${name}`])
