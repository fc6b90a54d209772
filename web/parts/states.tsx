import type { ComponentChildren } from 'preact'
import type { Problem } from '../api.ts'
import { clearFilters, refresh, setRange, show, signOut, view } from '../state.ts'
import { isAllTime } from '../time.ts'
import { Icon, type IconName } from './icons.tsx'

// What is said instead of events: nothing found, or something wrong, and what can be done about it.

interface StateProps {
  icon: IconName
  title: string
  kind?: 'wrong' | undefined
  children: ComponentChildren
}

const State = ({ icon, title, kind, children }: StateProps) => (
  <div class={`state ${kind ?? ''}`} role={kind === 'wrong' ? 'alert' : undefined}>
    <Icon name={icon} />
    <h2>{title}</h2>
    {children}
  </div>
)

const Act = ({ does, children }: { does: () => void; children: ComponentChildren }) => (
  <button type="button" class="button" onClick={does}>
    {children}
  </button>
)

/** No event meets the query. */
export function Empty() {
  const { filters, range } = view.value
  const isAll = isAllTime(range)
  return (
    <State icon="search" title="No events">
      <p>
        {filters.length > 0
          ? 'No event of this time range meets all filters.'
          : isAll
            ? 'The archive holds no events that you may see.'
            : 'Nothing happened in this time range, or it is not archived yet.'}
      </p>
      <div class="row">
        {filters.length > 0 ? <Act does={clearFilters}>Clear the filters</Act> : null}
        {isAll ? null : <Act does={() => setRange({})}>Look at all time</Act>}
      </div>
    </State>
  )
}

const titles: Readonly<Record<string, string>> = {
  OFFLINE: 'No answer',
  UNAVAILABLE: 'The search is not available',
  FORBIDDEN: 'Not yours to see',
  ARCHIVE_DAMAGED: 'The archive is damaged',
  BAD_QUERY: 'This can not be searched for',
  BAD_CURSOR: 'The list has to be begun anew',
  QUERY_TOO_LARGE: 'Too many filters',
  NOT_FOUND: 'Nothing there',
  REMOVED: 'Removed under retention',
}

const dropLocations = (): void => show({ filters: view.value.filters.filter(({ name }) => name !== 'location') })

/** What went wrong with the list, and the way on. */
export function Wrong({ problem, again = refresh }: { problem: Problem; again?: () => void }) {
  const { code, message } = problem
  const isOurs = code === 'BAD_QUERY' || code === 'QUERY_TOO_LARGE'
  return (
    <State icon="warn" kind="wrong" title={titles[code] ?? 'Something went wrong'}>
      <p>{message}</p>
      <p class="code">{code}</p>
      <div class="row">
        {code === 'FORBIDDEN' ? <Act does={dropLocations}>Look at all that I may see</Act> : null}
        {code === 'FORBIDDEN' ? <Act does={() => signOut()}>Sign in as another reader</Act> : null}
        {isOurs ? <Act does={clearFilters}>Clear the filters</Act> : null}
        {code === 'REMOVED' || code === 'NOT_FOUND' ? null : <Act does={again}>Try again</Act>}
      </div>
    </State>
  )
}
