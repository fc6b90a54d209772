// biome-ignore-all lint/a11y/useSemanticElements: rows that stand where they are scrolled to are no rows of a <table>
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus and names its active row

import { useComputed, useSignal, useSignalEffect } from '@preact/signals'
import type { ComponentChildren, VNode } from 'preact'
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
const SPARE = 6
/** So many rows before the end of what is loaded, the next page is asked for. */
const AHEAD = 300
export const GRID = 'events'
const rowId = (index: number): string => `row-${index}`

/** How many rows there is room for: all that are known to be there, as soon as they are counted. */
const height = (): number => {
  if (next.value === null) return count.value
  return Math.min(MOST, Math.max(count.value + 1, total.value ?? 0))
}

/** What stands in a cell: of a time, its parts. */
function content({ name }: Column, row: Row, zone: Zone): ComponentChildren {
  if (name !== 'time') return row[name]
  const { date, clock, hundredths } = partsOf(row.time, zone)
  return [<span class="date">{date}</span>, ` ${clock}`, <span class="hundredths">.{hundredths}</span>]
}

/** How a row stands. */
interface Standing {
  isActive: boolean
  isOpen: boolean
  isFresh: boolean
  zone: Zone
}

function line(row: Row, index: number, { isActive, isOpen, isFresh, zone }: Standing): VNode {
  const choose = (): void => {
    moveTo(index)
    openEvent(row.id, { passing: view.value.event !== '' })
  }
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keyboard, see shortcuts.ts
    <div
      key={index}
      id={rowId(index)}
      class={`line ${row.severity} ${isActive ? 'active' : ''} ${isOpen ? 'open' : ''} ${isFresh ? 'fresh' : ''}`}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isOpen}
      onClick={choose}
    >
      {columns.map((column) => (
        <div key={column.name} role="gridcell" class="cell" data-column={column.name} data-value={marked(column, row)}>
          {content(column, row, zone)}
        </div>
      ))}
    </div>
  )
}

/** The value of a cell that is drawn by what it says. */
const marked = ({ name }: Column, row: Row): string | undefined =>
  name === 'outcome' || name === 'severity' ? row[name] : undefined

/** The row at `index`, as it was drawn before when nothing of it has changed: scrolling draws only what comes into sight. */
function lineOf(index: number, standing: Standing, drawn: Map<string, VNode>): [string, VNode] {
  const row = rows[index]
  const key = `${index} ${row?.id} ${Object.values(standing).join()}`
  const empty = <div key={index} class="line waiting" role="row" aria-rowindex={index + 2} />
  return [key, drawn.get(key) ?? (row ? line(row, index, standing) : empty)]
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
  const drawn = useRef(new Map<string, VNode>())
  const shown: [string, VNode][] = []
  for (let index = from; index < last.value; index++) {
    const id = rows[index]?.id ?? ''
    const isOpen = id === event && event !== ''
    const standing = { isActive: index === active.value, isOpen, isFresh: fresh.value.has(id), zone }
    shown.push(lineOf(index, standing, drawn.current))
  }
  drawn.current = new Map(shown)
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
        onPointerOver={({ target }) => {
          // What is cut is told in full.
          if (target instanceof HTMLElement && target.scrollWidth > target.clientWidth) target.title = target.innerText
        }}
        onScroll={({ currentTarget }) => {
          top.value = currentTarget.scrollTop
        }}
      >
        <Head />
        {isEmpty ? null : (
          <div class="canvas" role="rowgroup" style={{ height: `${height() * line.value}px` }}>
            <div class="window" role="presentation" style={{ transform: `translateY(${from * line.value}px)` }}>
              {shown.map(([, drawing]) => drawing)}
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
