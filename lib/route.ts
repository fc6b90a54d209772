import { type Edition, edition as editionOf } from './edition.ts'
import { RouterError } from './errors.ts'
import type { Location } from './locations.ts'

/** A place for events, the AWS region that holds its queue, and how the page names it. */
export interface Routed {
  location: Location
  locationName: string
  awsRegion: string
}

/**
 * The location mapping: where events of the registry region `region` (present or former name, or `global`) belong in an edition:
 * `ap-south` in `2020-07-28` → `jp-tok`. Pure: no clock, no environment, no network. Throws `UNROUTABLE` for a region that the
 * edition does not have; there is no default, because a wrong location is worse than a late event.
 */
export function route(region: string, tables: Edition | string): Routed {
  const edition = typeof tables === 'string' ? editionOf(tables) : tables
  const row = edition.region(region)
  if (!row)
    throw new RouterError(
      'UNROUTABLE',
      `Region ${JSON.stringify(region)} is not in the location mapping of edition ${edition.date}.`,
    )
  return { location: row.location, locationName: row.locationName, awsRegion: row.awsRegion }
}
