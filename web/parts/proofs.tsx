import type { ComponentChildren } from 'preact'
import { checkAgain, item, trustNewKey, verdict } from '../detail.ts'
import type { State, Step, Verdict } from '../proof.ts'
import { Button } from './controls.tsx'
import { Icon, type IconName } from './icons.tsx'

export const icons: Readonly<Record<State, IconName>> = { ok: 'proven', failed: 'broken', unknown: 'warn' }
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

interface CheckProps {
  title: string
  state: State
  step?: string
  children: ComponentChildren
}

/** A line of a list of what was checked. */
export const Check = ({ title, state, step, children }: CheckProps) => (
  <li data-step={step} data-state={state}>
    <Icon name={marks[state]} />
    <div>
      <h3>{title}</h3>
      <p>{children}</p>
    </div>
  </li>
)

/** What was checked, step by step. */
export function ProofSteps({ save }: { save: () => void }) {
  const found = verdict.value
  if (!found) return <p class="muted">Checking…</p>
  const isOtherKey = found.steps.some(({ name, state }) => name === 'key' && state === 'failed')
  return (
    <>
      <p class="muted">Checked in this browser, by code that has no part in writing the log.</p>
      <ul class="checks">
        {found.steps.map(({ name, state, says }) => (
          <Check key={name} step={name} title={names[name]} state={state}>
            {says}
          </Check>
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
