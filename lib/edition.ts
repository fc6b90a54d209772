import { type Action, actions } from './actions.ts'
import { type Location, type Place, places, RENAMED, regions } from './locations.ts'

/** The newest tables known here. */
export const NEWEST = '2026-08-11'
/** The first day with both an action table and a location mapping. */
const OLDEST = '2019-07-25'

/** A row of the action table as it stood on one day. */
export type EditionAction = Omit<Action, 'deprecated'> & { deprecated: boolean }

/** A row of the location mapping as it stood on one day; `region` is the name of that day. */
export interface EditionRegion {
  region: string
  alias: string | null
  domain: string
  domains: readonly string[]
  location: Location
  locationName: string
  awsRegion: string
}

/** Both tables as they stood on one day. Look-ups return `undefined` for what is not there, whatever the key. */
export interface Edition {
  date: string
  actions: readonly EditionAction[]
  regions: readonly EditionRegion[]
  action(name: string): EditionAction | undefined
  region(name: string): EditionRegion | undefined
  domain(domain: string): EditionRegion | undefined
}

const standing = (row: { from: string; until: string | null }, date: string): boolean =>
  row.from <= date && (row.until === null || date < row.until)

const placeOf = (location: Location): Place => {
  const place = places.find((row) => row.location === location)
  if (!place) throw new Error(`lib/locations.ts has no place ${location}`)
  return place
}

function build(date: string): Edition {
  const rows: EditionAction[] = actions
    .filter((row) => standing(row, date))
    .map((row) => ({ ...row, deprecated: row.deprecated !== null && row.deprecated <= date }))
  const mapped: EditionRegion[] = regions
    .filter((row) => standing(row, date))
    .map((row) => {
      const former = row.former !== null && date < RENAMED
      const place = placeOf(
        row.locations.findLast((entry) => entry.from <= date)?.location ?? row.locations[0].location,
      )
      return {
        region: former ? (row.former as string) : row.region,
        alias: former ? row.region : row.former,
        domain: row.domain,
        domains: [row.domain, row.privateDomain, row.oldDomain].filter((name) => name !== null),
        location: place.location,
        locationName: place.name,
        awsRegion: place.awsRegion,
      }
    })
  const byAction = new Map(rows.map((row) => [row.action as string, row]))
  const byRegion = new Map(mapped.flatMap((row) => [row.region, row.alias].map((name) => [name, row])))
  const byDomain = new Map(mapped.flatMap((row) => row.domains.map((name) => [name, row])))
  return {
    date,
    actions: rows,
    regions: mapped,
    action: (name) => byAction.get(name),
    region: (name) => byRegion.get(name),
    domain: (domain) => byDomain.get(domain),
  }
}

const built = new Map<string, Edition>()

/**
 * The tables as they stood on `date` (`YYYY-MM-DD`, from `OLDEST` to `NEWEST`): `edition('2020-07-28')` has 30 actions and
 * six regions. Throws a `RangeError` that says what is wrong with any other date.
 */
export function edition(date: string): Edition {
  const known = built.get(date)
  if (known) return known
  const time = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(date) : Number.NaN
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== date) {
    throw new RangeError(`edition ${JSON.stringify(date)} is not a date: write it like ${NEWEST}`)
  }
  if (date < OLDEST || date > NEWEST) {
    throw new RangeError(`edition ${date} is outside of the tables known here: ${OLDEST} to ${NEWEST}`)
  }
  const made = build(date)
  built.set(date, made)
  return made
}

/**
 * One clause that says when the action `name` stood in the table, for whoever looks for it in the wrong edition:
 * `it is in the editions from 2020-10-21 on`. `undefined` for a name that no edition has.
 */
export function whereabouts(name: string): string | undefined {
  const row = actions.find((entry) => entry.action === name)
  if (!row) return undefined
  if (row.until === null) return `it is in the editions from ${row.from} on`
  return `it is in the editions from ${row.from} to before ${row.until}`
}
