import { type EditionAction, type EditionRegion, edition as editionOf, whereabouts } from '../edition.ts'
import type { AuditEvent, Provenance } from '../event.ts'
import type { RegistryConfig } from '../registries.ts'
import { about, type SourceName, sources } from '../sources/index.ts'
import { says as meaningSays } from '../sources/vocabulary.ts'
import { parseTime } from '../time.ts'

// What became of an event and why, step by step, from the event and the tables alone (docs/search.md).

/** An archived event, as an answer of the search has it. */
export interface Explained {
  location: string
  leaf: number
  /** `null` when nobody knows. */
  routedTime: string | null
  archivedTime: string | null
  event: AuditEvent
}

/** What an explanation may look at beside the event. */
export interface Known {
  /** The registries of today, by id. */
  registries: ReadonlyMap<string, Pick<RegistryConfig, 'source' | 'domain' | 'region' | 'account' | 'editions'>>
  /** The checkpoint that covers the event: how many events it has, and their root in base64. */
  checkpoint?: { size: number; root: string }
}

/** One step: what it was, in one plain sentence or two, when it happened, how long after the one before, and what a program needs. */
export interface Step {
  step:
    | 'happened'
    | 'received'
    | 'redriven'
    | 'registry'
    | 'rule'
    | 'action'
    | 'assumed'
    | 'cleaned'
    | 'cut'
    | 'location'
    | 'routed'
    | 'archived'
    | 'checkpoint'
  says: string
  time?: string
  /** Seconds since the step before that has a time; below 0 when the clocks of two machines disagree. */
  seconds?: number
  [field: string]: unknown
}

/** Every step of an event, in the order in which they were taken. */
export interface Explanation {
  id: string
  steps: Step[]
}

const quote = (text: string): string => JSON.stringify(text)
const list = (texts: readonly string[]): string => texts.join(', ')

const UNITS: readonly [seconds: number, name: string][] = [
  [86_400, 'days'],
  [3600, 'h'],
  [60, 'min'],
]

/** `90` → `1 min 30 s`; the two largest units. */
function duration(seconds: number): string {
  const index = UNITS.findIndex(([size]) => seconds >= size)
  const [size = 1, name = 's'] = UNITS[index] ?? []
  if (index < 0) return `${Number(seconds.toFixed(2))} s`
  const [smaller = 1, rest = 's'] = UNITS[index + 1] ?? []
  const whole = Math.floor(seconds / size)
  const left = Math.floor((seconds - whole * size) / smaller)
  const first = name === 'days' && whole === 1 ? '1 day' : `${whole} ${name}`
  return left > 0 ? `${first} ${left} ${rest}` : first
}

/** Tells times one after another, each with how long it came after the one before. */
function clock() {
  let last: number | undefined
  return (time: string | null) => {
    const now = parseTime(time ?? '')
    const before = last
    if (time === null || now === undefined) return { fields: {}, when: 'a time that nobody knows' }
    last = now
    if (before === undefined) return { fields: { time }, when: time }
    const seconds = (now - before) / 1000
    const how =
      seconds < 0 ? `${duration(-seconds)} before that: two clocks disagree` : `${duration(seconds)} after that`
    return { fields: { time, seconds }, when: `${time}, ${how}` }
  }
}

function happened({ eventTime }: AuditEvent, { assumed = [] }: Provenance, at: ReturnType<typeof clock>): Step {
  const { fields } = at(eventTime)
  const isAssumed = assumed.includes('eventTime')
  const says = isAssumed
    ? `The sender does not say when it happened: ${eventTime}, when its webhook came, stands for that.`
    : `It happened at ${eventTime}, says the sender.`
  return { step: 'happened', says, ...fields, assumed: isAssumed }
}

type Today = NonNullable<ReturnType<Known['registries']['get']>>

const PLACE = ['source', 'domain', 'region', 'account'] as const

/** What of the registry is another today than the event says. */
const changes = (event: Provenance, today: Today) =>
  PLACE.filter((field) => event[field] !== today[field]).map((field) => ({
    field,
    was: event[field],
    is: today[field],
  }))

function isConfigured(today: Today | undefined, changed: ReturnType<typeof changes>): string {
  if (!today) return 'It is no longer configured.'
  if (changed.length === 0) return 'It is still configured.'
  return `It is still configured, but differently: ${list(changed.map(({ field, was, is }) => `${field} was ${was} and is ${is}`))}.`
}

function registry(provenance: Provenance, { registries }: Known): Step {
  const { registry: id, source, domain, account, region, contradictingDomain } = provenance
  const today = registries.get(id)
  const changed = today ? changes(provenance, today) : []
  const contradiction = contradictingDomain
    ? ` The webhook itself names ${contradictingDomain}, which is not that domain; the configured region decides all the same.`
    : ''
  const title = Object.hasOwn(about, source) ? `${about[source as SourceName].title}, ` : ''
  return {
    step: 'registry',
    says: `The registry ${id} (${title}${domain}) in region ${region} sent it, for the account ${account}. ${isConfigured(today, changed)}${contradiction}`,
    registry: id,
    source,
    domain,
    region,
    account,
    configured: today !== undefined,
    changed,
    ...(contradictingDomain ? { contradictingDomain } : {}),
  }
}

/** What the vocabulary of the source says of the rule today; `undefined` when it does not have it. */
function meaningOfRule({ source, rule }: Provenance, action: string): string | undefined {
  if (!Object.hasOwn(sources, source)) return undefined
  const { vocabulary } = sources[source as SourceName]
  // A CloudEvent names its action itself.
  if (Object.keys(vocabulary).length === 0) return rule === action ? 'the action that it names' : undefined
  const meaning = Object.hasOwn(vocabulary, rule) ? vocabulary[rule] : undefined
  return meaning && meaningSays(meaning)
}

function rule({ action }: AuditEvent, provenance: Provenance): Step {
  const { source, rule } = provenance
  const docs = `docs/sources/${source}.md`
  if (!rule) {
    const says = 'It does not say which rule of its source made it: it is from before events said so.'
    return { step: 'rule', says, source, rule: null, known: false, docs }
  }
  const meaning = meaningOfRule(provenance, action)
  const today = meaning
    ? `Its source says of that: ${meaning}.`
    : `The source ${source}, as it is here today, does not know that event any more.`
  return {
    step: 'rule',
    says: `The sender told of ${quote(rule)}, which was read as ${action}. ${today}`,
    source,
    rule,
    known: meaning !== undefined,
    ...(meaning ? { meaning } : {}),
    docs,
  }
}

/** The tables of an edition; `undefined` for one that is not known here. */
function tablesOf(date: string) {
  try {
    return editionOf(date)
  } catch {
    return undefined
  }
}

/** The row of the action: of the event's edition, or of another one that its registry may send actions of. */
function rowOf(name: string, { edition, registry }: Provenance, { registries }: Known) {
  const dates = [edition, ...(registries.get(registry)?.editions ?? [])]
  for (const date of dates) {
    const row = tablesOf(date)?.action(name)
    if (row) return { row, date }
  }
  return undefined
}

function severityOf(event: AuditEvent, row: EditionAction): string {
  const { severity, outcome, reason } = event
  const standing = `The row says ${row.severity}, and so does the event.`
  if (severity === row.severity) return standing
  return `The row says ${row.severity}; the event is ${severity}, because it ended in ${outcome} with the code ${reason.reasonCode}.`
}

function action(event: AuditEvent, provenance: Provenance, known: Known): Step {
  const { edition } = provenance
  const found = rowOf(event.action, provenance, known)
  if (!found) {
    const where = whereabouts(event.action) ?? 'no edition known here has it'
    const says = `${event.action} was looked up in edition ${edition}, which does not have it today: ${where}.`
    return { step: 'action', says, edition, action: event.action, known: false }
  }
  const { row, date } = found
  const kind = row.dataEvent ? 'a data event' : 'a management event'
  const deprecated = row.deprecated ? ' It is marked deprecated there.' : ''
  const other = date === edition ? '' : ` Its registry takes actions of edition ${date}, beside those of ${edition}.`
  return {
    step: 'action',
    says: `The action table of edition ${date} has ${row.action}, ${quote(row.description)}, ${kind} of the family ${row.family}.${deprecated}${other} ${severityOf(event, row)}`,
    edition: date,
    action: row.action,
    known: true,
    family: row.family,
    severity: row.severity,
    eventSeverity: event.severity,
    dataEvent: row.dataEvent,
    deprecated: row.deprecated,
    description: row.description,
  }
}

/** What was noted while the event was written. */
function notes({ assumed = [], cleaned = [], cut = [] }: Provenance): Step[] {
  const note = (step: 'assumed' | 'cleaned' | 'cut', fields: readonly string[], says: string): Step[] =>
    fields.length > 0 ? [{ step, says, fields }] : []
  return [
    ...note('assumed', assumed, `The sender does not say ${list(assumed)}: the documented stand-in is there.`),
    ...note(
      'cleaned',
      cleaned,
      `Not as the sender wrote it, but cut or freed from control characters: ${list(cleaned)}.`,
    ),
    ...note('cut', cut, `Left out, because the event was over the size limit: ${list(cut)}.`),
  ]
}

function why(region: string, row: EditionRegion): string {
  const place = row.locationName
  if (row.region === 'global') return `The global registry is in no region; the mapping has ${place} for it.`
  const name = row.region === region ? region : `${region}, which is called ${row.region} there,`
  const isOwn = row.location === row.region || row.location === row.alias
  return isOwn
    ? `Region ${name} has a location of its own: ${place}.`
    : `Region ${name} has no location of its own; the mapping has ${place} for it.`
}

function location(at: string, { region, edition }: Provenance): Step {
  const row = tablesOf(edition)?.region(region)
  if (!row) {
    const says = `The location mapping of edition ${edition} has no region ${region} today; the event was routed to ${at}.`
    return { step: 'location', says, edition, region, location: at, known: false }
  }
  const agrees = row.location === at
  const contradiction = agrees
    ? ''
    : ` It was routed to ${at} all the same: the mapping must have been another one then.`
  return {
    step: 'location',
    says: `In the location mapping of edition ${edition}: ${why(region, row)}${contradiction}`,
    edition,
    region,
    location: at,
    locationName: row.locationName,
    awsRegion: row.awsRegion,
    domain: row.domain,
    known: true,
    agrees,
  }
}

function checkpointOf({ leaf, location }: Explained, { checkpoint }: Known): Step[] {
  if (!checkpoint) return []
  const { size, root } = checkpoint
  const says = `The checkpoint of ${size} events of ${location} covers it: that it is among them can be proved by the root ${root}.`
  return size > leaf ? [{ step: 'checkpoint', says, location, size, root }] : []
}

/**
 * Every step of an archived event: what the sender sent and what that was read as, the rows of both tables as they stood in the event's
 * edition, what was noted, when each step happened and how long it took, and where it is in the log. What is no longer known (a
 * registry, a rule, an edition) is said to be so.
 */
export function explain(item: Explained, known: Known): Explanation {
  const { event, location: place, leaf, routedTime, archivedTime } = item
  const provenance = event.provenance as Provenance
  const at = clock()
  const first = happened(event, provenance, at)
  const received = at(provenance.receivedTime)
  const redriven = provenance.redrivenTime ? at(provenance.redrivenTime) : undefined
  const routed = at(routedTime)
  const archived = at(archivedTime)
  return {
    id: event.id,
    steps: [
      first,
      {
        step: 'received',
        says: `Its webhook came in at ${received.when}, and proved to be the registry's.`,
        ...received.fields,
      },
      registry(provenance, known),
      ...(redriven
        ? [
            {
              step: 'redriven' as const,
              says: `It could not be used at first, lay in quarantine as ${provenance.redrivenFrom ?? 'an item'}, and was put back at ${redriven.when}.`,
              ...redriven.fields,
              from: provenance.redrivenFrom ?? null,
            },
          ]
        : []),
      rule(event, provenance),
      action(event, provenance, known),
      ...notes(provenance),
      location(place, provenance),
      {
        step: 'routed',
        says: `The router sent it to the archive queue of ${place} at ${routed.when}.`,
        ...routed.fields,
        location: place,
      },
      {
        step: 'archived',
        says: `It was archived at ${archived.when}, as leaf ${leaf} of the log of ${place}.`,
        ...archived.fields,
        location: place,
        leaf,
      },
      ...checkpointOf(item, known),
    ],
  }
}
