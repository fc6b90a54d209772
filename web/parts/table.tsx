// biome-ignore-all lint/a11y/useSemanticElements: rows that stand where they are scrolled to are no rows of a <table>
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus and names its active row

import { useComputed, useSignal, useSignalEffect } from '@preact/signals'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { total } from '../counts.ts'
import { active, arrived, count, fresh, loading, MOST, more, moveTo, next, problem, rows, stale } from '../list.ts'
import { type Column, columns, type Row } from '../rows.ts'
import { openEvent, show, view } from '../state.ts'
import { offset, partsOf, type Zone } from '../time.ts'
import { Icon } from './icons.tsx'
import { Empty, Wrong } from './states.tsx'

// The table draws the rows that can be seen, and some more; the rest of its height is empty. Rows are of one height, so what is to be
// seen follows from how far it is scrolled.

/** Rows above and below those that can be seen. */
const SPARE = 12
/** So many rows before the end of what is loaded, the next page is asked for. */
const AHEAD = 300
export const GRID = 'events'
const rowId = (index: number): string => `row-${index}`

/** How many rows there is room for: all that are known to be there, as soon as they are counted. */
const height = (): number => {
  if (next.value === null) return count.value
  return Math.min(MOST, Math.max(count.value + 1, (total.value ?? 0) + arrived.value))
}

function Time({ time, zone }: { time: number; zone: Zone }) {
  const { date, clock, hundredths } = partsOf(time, zone)
  return (
    <time dateTime={new Date(time).toISOString()}>
      <span class="date">{date}</span> {clock}
      <span class="hundredths">.{hundredths}</span>
    </time>
  )
}

const marks: Readonly<Record<string, 'yes' | 'close' | 'clock'>> = {
  success: 'yes',
  failure: 'close',
  pending: 'clock',
}

function Cell({ column, row, zone }: { column: Column; row: Row; zone: Zone }) {
  const { name } = column
  const value = row[name]
  if (name === 'time') return <Time time={row.time} zone={zone} />
  if (name === 'outcome') {
    return (
      <span class={`outcome ${value}`}>
        <Icon name={marks[value] ?? 'clock'} />
        {value}
      </span>
    )
  }
  if (name === 'severity') return <span class={`severity ${value}`}>{value}</span>
  return <span title={String(value)}>{value}</span>
}

interface LineProps {
  row: Row | undefined
  index: number
  isActive: boolean
  isOpen: boolean
  isFresh: boolean
  zone: Zone
}

function Line({ row, index, isActive, isOpen, isFresh, zone }: LineProps) {
  if (!row) return <div class="line waiting" role="row" aria-rowindex={index + 2} />
  const choose = (): void => {
    moveTo(index)
    openEvent(row.id, { passing: view.value.event !== '' })
  }
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keyboard, see keys.ts
    <div
      id={rowId(index)}
      class={`line ${row.severity} ${isActive ? 'active' : ''} ${isOpen ? 'open' : ''} ${isFresh ? 'fresh' : ''}`}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isOpen}
      onClick={choose}
    >
      {columns.map((column) => (
        <div key={column.name} role="gridcell" class="cell" data-column={column.name}>
          <Cell column={column} row={row} zone={zone} />
        </div>
      ))}
    </div>
  )
}

const sortedBy = (sort: string, name: string): 'ascending' | 'descending' | 'none' => {
  if (sort === name) return 'ascending'
  return sort === `-${name}` ? 'descending' : 'none'
}

/** Sorts by a column; what is sorted by it is turned round. Of times, the latest come first. */
function sortBy(name: string): void {
  const { sort } = view.value
  const latest = name === 'time' ? `-${name}` : name
  const other = latest === name ? `-${name}` : name
  show({ sort: sort === latest ? other : latest })
}

function Head() {
  const { sort, zone } = view.value
  return (
    <div class="line head" role="row" aria-rowindex={1}>
      {columns.map(({ name, label }) => {
        const sorted = sortedBy(sort, name)
        return (
          <div key={name} role="columnheader" class="cell" data-column={name} aria-sort={sorted}>
            <button type="button" onClick={() => sortBy(name)}>
              {label}
              {name === 'time' ? <span class="muted"> {offset(Date.now(), zone)}</span> : null}
              {sorted === 'none' ? null : <Icon name={sorted === 'ascending' ? 'up' : 'down'} />}
            </button>
          </div>
        )
      })}
    </div>
  )
}

/** The list of events. */
export function Table() {
  const scroller = useRef<HTMLDivElement>(null)
  const top = useSignal(0)
  const seen = useSignal(600)
  const line = useSignal(28)
  const first = useComputed(() => Math.max(0, Math.floor(top.value / line.value) - SPARE))
  const last = useComputed(() => Math.min(height(), Math.ceil((top.value + seen.value) / line.value) + SPARE))

  useEffect(() => {
    const { current } = scroller
    if (!current) return undefined
    const measure = (): void => {
      seen.value = current.clientHeight
      line.value = Number.parseFloat(getComputedStyle(current).getPropertyValue('--line-height')) || 28
    }
    const observer = new ResizeObserver(measure)
    observer.observe(current)
    measure()
    return () => observer.disconnect()
  }, [seen, line])

  // Pages are asked for until there is one for all that is looked at.
  useSignalEffect(() => {
    if (last.value + AHEAD >= count.value && next.value !== null && !loading.value && !problem.value) void more()
  })

  // Another list begins at its top.
  useSignalEffect(() => {
    if (!stale.value) scroller.current?.scrollTo({ top: 0 })
  })

  // Whoever reads further down is not pushed away by what comes on top.
  const before = useRef(0)
  useLayoutEffect(() => {
    const added = arrived.value - before.current
    before.current = arrived.value
    const { current } = scroller
    if (added > 0 && current && current.scrollTop > 0) current.scrollTop += added * line.value
  }, [arrived.value])

  // The row that the keyboard is at can be seen.
  useSignalEffect(() => {
    const at = active.value * line.value
    const { current } = scroller
    if (!current) return
    const room = current.clientHeight - line.value
    if (at < current.scrollTop) current.scrollTop = at
    else if (at + line.value > current.scrollTop + room) current.scrollTop = at + line.value - room
  })

  const { zone, event } = view.value
  const isEmpty = count.value === 0
  const from = first.value
  const shown = Array.from({ length: Math.max(0, last.value - from) }, (_, index) => from + index)
  return (
    <section class="list" aria-label="Events" aria-busy={stale.value}>
      <div
        ref={scroller}
        id={GRID}
        class={`table ${stale.value ? 'stale' : ''}`}
        role="grid"
        tabIndex={0}
        aria-label="Events"
        aria-rowcount={next.value === null ? count.value + 1 : -1}
        aria-colcount={columns.length}
        aria-activedescendant={isEmpty ? undefined : rowId(active.value)}
        onScroll={({ currentTarget }) => {
          top.value = currentTarget.scrollTop
        }}
      >
        <Head />
        {isEmpty ? null : (
          <div class="canvas" role="rowgroup" style={{ height: `${height() * line.value}px` }}>
            <div class="window" role="presentation" style={{ transform: `translateY(${from * line.value}px)` }}>
              {shown.map((index) => (
                <Line
                  key={index}
                  row={rows[index]}
                  index={index}
                  isActive={index === active.value}
                  isOpen={rows[index]?.id === event && event !== ''}
                  isFresh={fresh.value.has(rows[index]?.id ?? '')}
                  zone={zone}
                />
              ))}
            </div>
          </div>
        )}
      </div>
      {isEmpty && problem.value ? <Wrong problem={problem.value} /> : null}
      {isEmpty && !problem.value && stale.value ? <p class="state muted">Loading…</p> : null}
      {isEmpty && !problem.value && !stale.value ? <Empty /> : null}
    </section>
  )
}
