import { useComputed, useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { histogram } from '../counts.ts'
import { type Chart, chartOf, marksOf } from '../histogram.ts'
import { query } from '../list.ts'
import { digits, events } from '../numbers.ts'
import { setRange, view } from '../state.ts'
import { fixed, stamp, type Zone } from '../time.ts'
import { Button } from './controls.tsx'

const MARKS = 8

/** The slots from one to another, in words. */
function inWords({ slots, interval }: Chart, from: number, to: number, zone: Zone): string {
  const taken = slots.slice(from, to + 1)
  const [first, last] = [taken[0], taken.at(-1)]
  if (!first || !last) return ''
  const count = taken.reduce((sum, slot) => sum + slot.count, 0)
  const failures = taken.reduce((sum, slot) => sum + slot.failures, 0)
  const failed = failures > 0 ? `, ${digits(failures)} failed` : ''
  const end = stamp(last.time + interval, zone)
  const begin = stamp(first.time, zone)
  const until = end.slice(0, 10) === begin.slice(0, 10) ? end.slice(11) : end
  return `${begin} – ${until}: ${events(count)}${failed}`
}

const HEIGHT = 100
const WIDTH = 10

/** All bars as one shape: a hundred of them are one element. */
function bars({ slots, most }: Chart, of: 'count' | 'failures'): string {
  return slots
    .map((slot, index) => {
      if (slot[of] === 0) return ''
      // A single event among thousands is still to be seen.
      const height = Math.max(2, (HEIGHT * slot[of]) / most)
      return `M${index * WIDTH + 0.75} ${HEIGHT}v${-height}h${WIDTH - 1.5}v${height}z`
    })
    .join('')
}

/** The range of the same length before or after, or three times as long. */
function move(chart: Chart, by: -1 | 0 | 1): void {
  const { span } = query.value
  const from = span.from ?? chart.slots[0]?.time ?? 0
  const to = span.to ?? Date.now()
  const length = Math.max(to - from, 1000)
  setRange(by === 0 ? fixed(from - length, to + length) : fixed(from + by * length, to + by * length))
}

/** Events over time. What is dragged over is looked at; with the keyboard, arrows and Enter do the same. */
export function Histogram() {
  const plot = useRef<HTMLDivElement>(null)
  const cursor = useSignal(-1)
  const anchor = useSignal(-1)
  const dragging = useSignal(false)
  const chart = useComputed(() => {
    const { interval, buckets } = histogram.value
    return chartOf(buckets, interval, query.value.span, Date.now())
  })
  const { zone } = view.value
  const { slots, interval, most } = chart.value
  const length = slots.length
  const from = Math.min(cursor.value, anchor.value < 0 ? cursor.value : anchor.value)
  const to = Math.max(cursor.value, anchor.value)

  const slotAt = (event: PointerEvent): number => {
    const { left, width } = plot.current?.getBoundingClientRect() ?? { left: 0, width: 1 }
    return Math.max(0, Math.min(length - 1, Math.floor(((event.clientX - left) / width) * length)))
  }
  const leave = (): void => {
    dragging.value = false
    cursor.value = -1
    anchor.value = -1
  }
  const zoom = (): void => {
    const [first, last] = [slots[from], slots[to]]
    leave()
    if (first && last) setRange(fixed(first.time, last.time + interval))
  }
  const go = (step: number, isSelecting: boolean): void => {
    if (!isSelecting) anchor.value = -1
    else if (anchor.value < 0) anchor.value = cursor.value
    cursor.value = Math.max(0, Math.min(length - 1, (cursor.value < 0 ? length : cursor.value) + step))
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -length, End: length }[event.key]
    if (step !== undefined) go(step, event.shiftKey)
    else if (cursor.value >= 0 && event.key === 'Enter') zoom()
    else if (cursor.value >= 0 && event.key === 'Escape') leave()
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  const words = cursor.value < 0 ? '' : inWords(chart.value, from, to, zone)
  return (
    <section class="histogram" aria-label="Events over time">
      <header>
        <p class="readout">{words || <span class="muted">A bar is {histogram.value.interval}. Drag to zoom.</span>}</p>
        <span class="peak">{most > 0 ? digits(most) : ''}</span>
        <Button label="Earlier" icon="left" class="quiet small" onClick={() => move(chart.value, -1)} />
        <Button label="Later" icon="right" class="quiet small" onClick={() => move(chart.value, 1)} />
        <Button label="Zoom out" icon="out" class="quiet small" onClick={() => move(chart.value, 0)} />
      </header>
      <div
        ref={plot}
        class="plot"
        role="slider"
        tabIndex={0}
        aria-label="Time: arrows move, Shift and arrows select, Enter zooms in"
        aria-orientation="horizontal"
        aria-valuemin={0}
        aria-valuemax={Math.max(0, length - 1)}
        aria-valuenow={Math.max(0, cursor.value)}
        aria-valuetext={words || `${length} bars, of at most ${events(most)}`}
        onKeyDown={onKeyDown}
        onBlur={leave}
        onPointerDown={(event) => {
          if (event.button !== 0) return
          event.currentTarget.setPointerCapture(event.pointerId)
          dragging.value = true
          cursor.value = slotAt(event)
          anchor.value = cursor.value
        }}
        onPointerMove={(event) => {
          cursor.value = slotAt(event)
        }}
        onPointerUp={() => {
          if (dragging.value) zoom()
        }}
        onPointerCancel={leave}
        onPointerLeave={() => {
          if (!dragging.value) leave()
        }}
      >
        <svg viewBox={`0 0 ${Math.max(1, length) * WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          <path class="all" d={bars(chart.value, 'count')} />
          <path class="failures" d={bars(chart.value, 'failures')} />
        </svg>
        {cursor.value >= 0 ? (
          <div
            class={`selection ${dragging.value || to > from ? 'wide' : ''}`}
            style={{ left: `${(100 * from) / length}%`, width: `${(100 * (to - from + 1)) / length}%` }}
          />
        ) : null}
      </div>
      <div class="axis" aria-hidden="true">
        {marksOf(chart.value, zone, MARKS).map(({ at, text }) => (
          <span key={at} style={{ left: `${100 * at}%` }}>
            {text}
          </span>
        ))}
      </div>
    </section>
  )
}
