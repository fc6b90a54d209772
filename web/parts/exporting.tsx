import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { asProblem } from '../api.ts'
import { total } from '../counts.ts'
import { exportTo, type Format, fileSink, formats } from '../export.ts'
import { query } from '../list.ts'
import { events } from '../numbers.ts'
import { view } from '../state.ts'
import { rangeText } from '../time.ts'
import { Dialog } from './controls.tsx'
import { Icon } from './icons.tsx'

type Progress =
  | { state: 'idle' }
  | { state: 'going'; count: number }
  | { state: 'done'; count: number }
  | { state: 'wrong'; message: string; damaged: boolean }

const nameOf = ({ name }: Format): string =>
  `registry-events-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.${name}`

/** Writes all events of the query into a file. */
export function Exporting({ onClose }: { onClose: () => void }) {
  const format = useSignal(formats[0] as Format)
  const progress = useSignal<Progress>({ state: 'idle' })
  const going = useRef<AbortController | undefined>(undefined)
  useEffect(() => () => going.current?.abort(), [])
  const run = async (skipDamaged: boolean): Promise<void> => {
    const control = new AbortController()
    going.current = control
    const chosen = format.value
    try {
      const sink = await fileSink(nameOf(chosen), chosen.type)
      progress.value = { state: 'going', count: 0 }
      const tell = (count: number): void => {
        progress.value = { state: 'going', count }
      }
      const count = await exportTo(sink, { query: query.value, format: chosen, skipDamaged }, tell, control.signal)
      progress.value = { state: 'done', count }
    } catch (error) {
      const problem = asProblem(error)
      progress.value = problem
        ? { state: 'wrong', message: problem.message, damaged: problem.code === 'ARCHIVE_DAMAGED' }
        : { state: 'idle' }
    }
  }
  const { value: at } = progress
  const all = total.value ?? 0
  return (
    <Dialog title="Export" class="export" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void run(false)
        }}
      >
        <p>
          All {total.value === undefined ? 'events' : events(all)} of the query,{' '}
          {rangeText(view.value.range, view.value.zone)}
          {view.value.filters.length > 0 ? `, ${view.value.filters.length} filters` : ''}.
        </p>
        <fieldset disabled={at.state === 'going'}>
          <legend class="hidden">Format</legend>
          {formats.map((entry) => (
            <label key={entry.name} class="choice">
              <input
                type="radio"
                name="format"
                checked={format.value === entry}
                onChange={() => {
                  format.value = entry
                }}
              />
              <span>
                <b>{entry.name.toUpperCase()}</b>
                <span class="muted">{entry.says}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <div class="progress" role="status">
          {at.state === 'going' ? (
            <>
              <progress max={Math.max(1, all, at.count)} value={at.count} aria-label="Exported" />
              <span>{events(at.count)}</span>
            </>
          ) : null}
          {at.state === 'done' ? (
            <>
              <Icon name="yes" /> {events(at.count)} written.
            </>
          ) : null}
          {at.state === 'wrong' ? (
            <span class="wrong">
              <Icon name="warn" /> {at.message}
            </span>
          ) : null}
        </div>
        <div class="row">
          {at.state === 'wrong' && at.damaged ? (
            <button type="button" class="button" onClick={() => void run(true)}>
              Export without the damaged files
            </button>
          ) : null}
          {at.state === 'going' ? (
            <button type="button" class="button" onClick={() => going.current?.abort()}>
              Stop
            </button>
          ) : (
            <button type="submit" class="button primary">
              {at.state === 'done' ? 'Export again' : 'Export'}
            </button>
          )}
        </div>
      </form>
    </Dialog>
  )
}
