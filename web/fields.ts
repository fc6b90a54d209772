// DATA: what events can be filtered by (docs/search.md), and how it is said.

/** What a row says: `is` and `isNot` stand between label and value; one that is a facet is counted by its values. */
export interface Field {
  name: string
  label: string
  is: string
  isNot: string
  facet: boolean
}

const facet = (name: string, label: string): Field => ({ name, label, is: 'is', isNot: 'is not', facet: true })
const other = (name: string, label: string, is: string, isNot: string): Field => ({
  name,
  label,
  is,
  isNot,
  facet: false,
})

export const fields: readonly Field[] = [
  facet('action', 'Action'),
  facet('outcome', 'Outcome'),
  facet('severity', 'Severity'),
  facet('initiator', 'Initiator'),
  facet('target', 'Target'),
  other('targetPrefix', 'Target', 'begins with', 'does not begin with'),
  other('targetContains', 'Target', 'contains', 'does not contain'),
  facet('address', 'Address'),
  facet('registry', 'Registry'),
  facet('location', 'Location'),
  facet('region', 'Region'),
  facet('family', 'Family'),
  facet('dataEvent', 'Data event'),
  other('id', 'Id', 'is', 'is not'),
  other('q', 'Text', 'contains', 'does not contain'),
]

const byName = new Map(fields.map((field) => [field.name, field]))

/** The field of this name; `undefined` when there is none. */
export const fieldOf = (name: string): Field | undefined => byName.get(name)

export const facets: readonly Field[] = fields.filter(({ facet }) => facet)

const COMMON = 'container-registry.'

/** An action without what all of them begin with; any other value as it is. */
export const short = (value: string): string => (value.startsWith(COMMON) ? value.slice(COMMON.length) : value)
