import { useSignal } from '@preact/signals'
import { countMore, loading, type Value, values } from '../counts.ts'
import { type Field, facets } from '../fields.ts'
import { standing } from '../filters.ts'
import { compact, events } from '../numbers.ts'
import { TOP } from '../query.ts'
import { toggleFilter, view } from '../state.ts'
import { Icon } from './icons.tsx'

function Entry({ field, entry, most }: { field: Field; entry: Value; most: number }) {
  const { value, count } = entry
  const { name, label } = field
  const stands = standing(view.value.filters, name, value)
  const toggle = (not: boolean) => () => toggleFilter({ name, not, value })
  return (
    <li class={`entry ${stands ?? ''}`}>
      <button
        type="button"
        class="take"
        aria-pressed={stands === 'is'}
        aria-label={`${label} is ${value}: ${events(count)}`}
        title={value}
        onClick={toggle(false)}
      >
        <span class="share" style={{ width: `${most > 0 ? (100 * count) / most : 0}%` }} />
        <span class="value">{value}</span>
        <span class="count">{compact(count)}</span>
      </button>
      <button
        type="button"
        class="leave"
        aria-pressed={stands === 'isNot'}
        aria-label={`${label} is not ${value}`}
        title="Leave these out"
        onClick={toggle(true)}
      >
        <Icon name="minus" />
      </button>
    </li>
  )
}

/** Values that are filtered by, and have no events: they stand there, too, so that they can be let go. */
function withChosen(field: Field, found: readonly Value[]): readonly Value[] {
  const there = new Set(found.map(({ value }) => value))
  const chosen = view.value.filters.filter(({ name, value }) => name === field.name && !there.has(value))
  return [...found, ...chosen.map(({ value }) => ({ value, count: 0 }))]
}

function Facet({ field }: { field: Field }) {
  const wide = useSignal(false)
  const found = values.value[field.name] ?? []
  const shown = withChosen(field, wide.value ? found : found.slice(0, TOP))
  const most = Math.max(0, ...shown.map(({ count }) => count))
  if (shown.length === 0) return null
  const widen = (): void => {
    wide.value = !wide.value
    if (wide.value) void countMore(field.name)
  }
  return (
    <details class="facet" open>
      <summary>
        <Icon name="right" />
        <h3>{field.label}</h3>
      </summary>
      <ul>
        {shown.map((entry) => (
          <Entry key={entry.value} field={field} entry={entry} most={most} />
        ))}
      </ul>
      {found.length >= TOP ? (
        <button type="button" class="more" onClick={widen}>
          {wide.value ? 'Fewer' : 'More…'}
        </button>
      ) : null}
    </details>
  )
}

/** The values that events have, and how many have them. */
export function Facets() {
  return (
    <div class="facets" aria-busy={loading.value}>
      {facets.map((field) => (
        <Facet key={field.name} field={field} />
      ))}
    </div>
  )
}
