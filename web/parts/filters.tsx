import { useSignal } from '@preact/signals'
import { total, values } from '../counts.ts'
import { fieldOf, fields } from '../fields.ts'
import { type Filter, grouped, typed } from '../filters.ts'
import { compact, events } from '../numbers.ts'
import { addFilter, clearFilters, dropFilter, show, view } from '../state.ts'
import { closePopover, into, Popover } from './controls.tsx'
import { Icon } from './icons.tsx'

export const ADD = 'add-filter'
export const SEARCH = 'search'

/** Of a field for values: nothing of it is remembered or corrected, and no more than the search takes is typed. */
const plain = { autocomplete: 'off', spellcheck: false, maxLength: 1024 } as const

const verb = ({ name, not }: Filter): string => {
  const field = fieldOf(name)
  return (not ? field?.isNot : field?.is) ?? ''
}

/** Free text, and filters for those who would rather type: `action:image.push -initiator:ci`. */
export function SearchBox() {
  const text = useSignal('')
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const found = typed(text.value)
    if (found.length === 0) return
    const before = view.value.filters.filter(({ name, not }) => name !== 'q' || not)
    const kept = found.some(({ name }) => name === 'q') ? before : view.value.filters
    show({ filters: [...kept, ...found] })
    text.value = ''
  }
  return (
    <search class="search">
      <form onSubmit={submit}>
        <Icon name="search" />
        <input
          id={SEARCH}
          type="search"
          aria-label="Search: text, or filters such as action:image.push -initiator:ci"
          placeholder="Search text, or action:image.push -initiator:ci"
          {...plain}
          value={text}
          onInput={into(text)}
        />
        <kbd>/</kbd>
      </form>
    </search>
  )
}

function Chip({ filter }: { filter: Filter }) {
  const { name, value } = filter
  const label = fieldOf(name)?.label ?? name
  const count = values.value[name]?.find((entry) => entry.value === value)?.count
  return (
    <span class="chip" title={count === undefined ? undefined : events(count)}>
      <span class="value">{value}</span>
      {count === undefined ? null : <span class="muted">{compact(count)}</span>}
      <button type="button" aria-label={`Remove: ${label} ${verb(filter)} ${value}`} onClick={() => dropFilter(filter)}>
        <Icon name="close" />
      </button>
    </span>
  )
}

/** Values of one name: an event has to have any of them, or none of them. */
function Group({ filters }: { filters: Filter[] }) {
  const [first] = filters
  if (!first) return null
  const flip = (): void => {
    const flipped = view.value.filters.map((filter) =>
      filters.includes(filter) ? { ...filter, not: !filter.not } : filter,
    )
    show({ filters: flipped })
  }
  const label = fieldOf(first.name)?.label ?? first.name
  return (
    <li class={`group ${first.not ? 'not' : ''}`}>
      <span class="name">{label}</span>
      <button type="button" class="verb" title={first.not ? 'Look for these' : 'Leave these out'} onClick={flip}>
        {verb(first)}
      </button>
      {filters.map((filter, index) => (
        <span key={filter.value} class="either">
          {index > 0 ? <span class="or">or</span> : null}
          <Chip filter={filter} />
        </span>
      ))}
    </li>
  )
}

function AddForm() {
  const name = useSignal('action')
  const not = useSignal(false)
  const value = useSignal('')
  const field = fieldOf(name.value)
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    if (!value.value.trim()) return
    addFilter({ name: name.value, not: not.value, value: value.value.trim() })
    value.value = ''
    closePopover(ADD)
  }
  return (
    <form class="add" onSubmit={submit}>
      <label>
        <span class="hidden">Filter by</span>
        <select data-first value={name} onChange={into(name)}>
          {fields.map((entry) => (
            <option key={entry.name} value={entry.name}>
              {entry.facet || entry.is === 'is' ? entry.label : `${entry.label} ${entry.is}`}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="hidden">How</span>
        <select
          value={not.value ? 'not' : 'is'}
          onChange={(event) => {
            not.value = event.currentTarget.value === 'not'
          }}
        >
          <option value="is">{field?.is}</option>
          <option value="not">{field?.isNot}</option>
        </select>
      </label>
      <label class="grow">
        <span class="hidden">Value</span>
        <input
          type="text"
          list="known-values"
          placeholder={name.value === 'address' ? '192.0.2.7 or 192.0.2.0/24' : 'Value'}
          {...plain}
          value={value}
          onInput={into(value)}
        />
      </label>
      <datalist id="known-values">
        {(values.value[name.value] ?? []).map((entry) => (
          <option key={entry.value} value={entry.value} />
        ))}
      </datalist>
      <button type="submit" class="button primary">
        Add
      </button>
    </form>
  )
}

/** What is filtered by, and how many events that leaves. */
export function Filters() {
  const { filters } = view.value
  return (
    <section class="filters" aria-label="Filters">
      <Popover
        id={ADD}
        label="Add a filter"
        class="quiet"
        panelClass="add-panel"
        face={
          <>
            <Icon name="plus" />
            <span class="words">Filter</span>
          </>
        }
      >
        <AddForm />
      </Popover>
      <ul class="groups">
        {grouped(filters).map((group) => (
          <Group key={`${group[0]?.name} ${group[0]?.not}`} filters={group} />
        ))}
      </ul>
      {filters.length > 0 ? (
        <button type="button" class="button quiet" onClick={clearFilters}>
          Clear
        </button>
      ) : null}
      <output class="total" aria-label="Events found">
        {total.value === undefined ? '' : events(total.value)}
      </output>
    </section>
  )
}
