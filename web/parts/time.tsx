import { useSignal, useSignalEffect } from '@preact/signals'
import { query } from '../list.ts'
import { glance, setRange, view } from '../state.ts'
import { fromField, isAllTime, iso, offset, presets, type Range, rangeText, toField, type Zone } from '../time.ts'
import { closePopover, into, Popover } from './controls.tsx'
import { Icon } from './icons.tsx'

export const TIME = 'time-range'

const zones: readonly { zone: Zone; label: string }[] = [
  { zone: 'utc', label: 'UTC' },
  { zone: 'local', label: 'Local' },
]

/** The switch between UTC and the time of this machine. */
export function ZoneSwitch() {
  const { zone } = view.value
  return (
    <fieldset class="switch">
      <legend class="hidden">Times are shown in</legend>
      {zones.map((entry) => (
        <button
          key={entry.zone}
          type="button"
          aria-pressed={zone === entry.zone}
          title={entry.zone === 'local' ? `Local time, now ${offset(Date.now(), 'local')}` : undefined}
          onClick={() => glance({ zone: entry.zone })}
        >
          {entry.label}
        </button>
      ))}
    </fieldset>
  )
}

/** Both ends, in the zone that is chosen. */
function Absolute() {
  const { zone } = view.value
  const from = useSignal('')
  const to = useSignal('')
  // What is shown is what one begins with.
  useSignalEffect(() => {
    const { span } = query.value
    from.value = toField(span.from, view.value.zone)
    to.value = toField(span.to, view.value.zone)
  })
  const begin = fromField(from.value, zone)
  const end = fromField(to.value, zone)
  const isWrong = begin !== undefined && end !== undefined && begin >= end
  const apply = (event: SubmitEvent): void => {
    event.preventDefault()
    if (isWrong) return
    const [first, last] = [begin, end].map((time) => (time === undefined ? undefined : iso(time)))
    setRange({ from: first, to: last })
    closePopover(TIME)
  }
  return (
    <form class="absolute" onSubmit={apply}>
      <label>
        From <span class="muted">({offset(begin ?? Date.now(), zone)})</span>
        <input type="datetime-local" step="1" value={from} onInput={into(from)} />
      </label>
      <label>
        Before <span class="muted">({offset(end ?? Date.now(), zone)})</span>
        <input
          type="datetime-local"
          step="1"
          value={to}
          aria-invalid={isWrong}
          aria-describedby="range-wrong"
          onInput={into(to)}
        />
      </label>
      <p id="range-wrong" class="wrong" role="alert">
        {isWrong ? 'It has to end after it begins.' : ''}
      </p>
      <button type="submit" class="button primary">
        Apply
      </button>
    </form>
  )
}

function Presets() {
  const { range } = view.value
  const pick = (chosen: Range) => () => {
    setRange(chosen)
    closePopover(TIME)
  }
  return (
    <ul class="presets">
      {presets.map(({ last, label }) => (
        <li key={last}>
          <button type="button" aria-pressed={range.last === last} onClick={pick({ last })}>
            {label}
          </button>
        </li>
      ))}
      <li>
        <button type="button" aria-pressed={isAllTime(range)} onClick={pick({})}>
          All time
        </button>
      </li>
    </ul>
  )
}

/** Which times are looked at. */
export function TimeRange() {
  const { range, zone } = view.value
  const text = rangeText(range, zone)
  return (
    <Popover
      id={TIME}
      label={`Time range: ${text}`}
      class="time"
      panelClass="time-panel"
      face={
        <>
          <Icon name="clock" />
          <span class="words">{text}</span>
          <Icon name="down" />
        </>
      }
    >
      <Presets />
      <Absolute />
    </Popover>
  )
}
