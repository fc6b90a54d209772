import { useSignal, useSignalEffect } from '@preact/signals'
import type { Complete, Log } from '../answers.ts'
import { get } from '../api.ts'
import { checkAgain, item, trustNewKey, verdict } from '../detail.ts'
import { complete, damaged } from '../list.ts'
import { events } from '../numbers.ts'
import { openCheckpoint, type State, type Step, type Verdict } from '../proof.ts'
import { recall } from '../storage.ts'
import { Button, Popover } from './controls.tsx'
import { Icon, type IconName } from './icons.tsx'

const icons: Readonly<Record<State, IconName>> = { ok: 'proven', failed: 'broken', unknown: 'warn' }
const marks: Readonly<Record<State, IconName>> = { ok: 'yes', failed: 'close', unknown: 'warn' }

function headline({ state, steps }: Verdict, place: string): string {
  if (state === 'ok') return `Proven: this event stands in the log${place}, unchanged.`
  const culprit = steps.find((step) => step.state === state)?.says ?? ''
  return state === 'failed' ? `Not proven. ${culprit}` : `Can not be checked. ${culprit}`
}

/** Green, red, or neither: what the check of the proof came to. */
export function ProofVerdict() {
  const found = verdict.value
  const shown = item.value
  const place = shown ? ` of ${shown.location}` : ''
  return (
    <div class="verdict" data-state={found?.state ?? 'pending'} role="status">
      <Icon name={found ? icons[found.state] : 'clock'} />
      <span>{found ? headline(found, place) : 'Checking the proof in this browser…'}</span>
    </div>
  )
}

const names: Readonly<Record<Step['name'], string>> = {
  entry: 'The event',
  tree: 'Its place in the log',
  checkpoint: 'The signature',
  key: 'The key',
  growth: 'Nothing taken away',
}

/** What was checked, step by step. */
export function ProofSteps({ save }: { save: () => void }) {
  const found = verdict.value
  if (!found) return <p class="muted">Checking…</p>
  const isOtherKey = found.steps.some(({ name, state }) => name === 'key' && state === 'failed')
  return (
    <>
      <p class="muted">
        Checked in this browser, by code that has no part in writing the log. Hashes as in RFC 6962, the signature is
        Ed25519.
      </p>
      <ul class="checks">
        {found.steps.map(({ name, state, says }) => (
          <li key={name} data-step={name} data-state={state}>
            <Icon name={marks[state]} />
            <div>
              <h3>{names[name]}</h3>
              <p>{says}</p>
            </div>
          </li>
        ))}
      </ul>
      <div class="row">
        <Button label="Check again" icon="refresh" wide onClick={checkAgain} />
        <Button label="Save the proof" icon="download" wide onClick={save} />
      </div>
      {isOtherKey ? (
        <div class="other-key">
          <p>
            A key does not change by itself. Take the new one only when whoever runs the log has told you of it, on
            another way than this page.
          </p>
          <Button label="Take the new key" icon="warn" wide onClick={trustNewKey} />
        </div>
      ) : null}
    </>
  )
}

interface Found {
  location: string
  size: number
  step: Step
}

/** Whether the checkpoint that an answer names is genuine, says what the answer says, and is not older than the last one seen. */
async function checkComplete(
  { location, size, root, checkpoint: note }: Complete,
  logs: readonly Log[],
): Promise<Found> {
  const remembered = recall(location)
  const key = remembered?.key ?? logs.find((log) => log.location === location)?.key ?? ''
  const { checkpoint, step } = await openCheckpoint(note, key, location)
  const wrong = (says: string): Found => ({ location, size, step: { name: 'checkpoint', state: 'failed', says } })
  if (!checkpoint) return { location, size, step }
  if (checkpoint.size !== size || root !== btoa(String.fromCharCode(...checkpoint.root))) {
    return wrong('The signed checkpoint is another one than the answer says.')
  }
  if (remembered && size < remembered.size) return wrong(`It had ${events(remembered.size)} before.`)
  return { location, size, step }
}

/** At which checkpoints the list is whole, and what of the archive could not be read. */
export function Completeness() {
  const found = useSignal<readonly Found[]>([])
  useSignalEffect(() => {
    const answers = complete.value
    let current = true
    get<{ logs: Log[] }>('logs')
      .then(({ logs }) => Promise.all(answers.map((answer) => checkComplete(answer, logs))))
      .then(
        (checked) => {
          if (current) found.value = checked
        },
        () => {
          if (current) found.value = []
        },
      )
    return () => {
      current = false
    }
  })
  const bad = found.value.filter(({ step }) => step.state !== 'ok').length
  const places = complete.value.length
  const state: State = bad > 0 ? 'failed' : damaged.value.length > 0 || found.value.length < places ? 'unknown' : 'ok'
  const words =
    bad > 0
      ? `${bad} of ${places} checkpoints are not genuine`
      : damaged.value.length > 0
        ? `Whole but for ${damaged.value.length} damaged ${damaged.value.length === 1 ? 'file' : 'files'}`
        : `Whole at ${places} signed ${places === 1 ? 'checkpoint' : 'checkpoints'}`
  if (places === 0) return null
  return (
    <Popover
      id="completeness"
      label={`${words}: details`}
      class={`quiet complete ${state}`}
      panelClass="complete-panel"
      face={
        <>
          <Icon name={icons[state]} />
          <span>{words}</span>
        </>
      }
    >
      <h2>Is the list whole?</h2>
      <p class="muted">It holds every event of the query among those that these checkpoints count.</p>
      <ul class="checks">
        {complete.value.map(({ location, size }) => {
          const entry = found.value.find((other) => other.location === location)
          return (
            <li key={location} data-state={entry?.step.state ?? 'unknown'}>
              <Icon name={marks[entry?.step.state ?? 'unknown']} />
              <div>
                <h3>{location}</h3>
                <p>{entry && entry.step.state !== 'ok' ? entry.step.says : `${events(size)}, signed`}</p>
              </div>
            </li>
          )
        })}
        {damaged.value.map(({ file, why, location }) => (
          <li key={file} data-state="failed">
            <Icon name="close" />
            <div>
              <h3>{location}</h3>
              <p>
                {file}: {why}
              </p>
            </div>
          </li>
        ))}
      </ul>
    </Popover>
  )
}
