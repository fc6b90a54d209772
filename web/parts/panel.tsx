import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Explained as ExplainedStep, Item } from '../answers.ts'
import { ask, pathOf } from '../api.ts'
import { explanation, item, problem, retry } from '../detail.ts'
import { download } from '../download.ts'
import { fieldOf, short } from '../fields.ts'
import { type Line, others, parts, type Value, valuesOf } from '../fieldset.ts'
import { standing } from '../filters.ts'
import { tokens } from '../json.ts'
import { glance, openEvent, said, toggleFilter, view } from '../state.ts'
import { offset, partsOf, timeOf, type Zone } from '../time.ts'
import type { Tab } from '../view.ts'
import { Button, focus } from './controls.tsx'
import { Icon } from './icons.tsx'
import { ProofSteps, ProofVerdict } from './proofs.tsx'
import { Wrong } from './states.tsx'
import { GRID } from './table.tsx'

export const PANEL = 'event'

/** Puts a text into the clipboard, and says so. */
export async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    said.value = `${what} is copied.`
  } catch {
    said.value = 'This browser does not let the page copy.'
  }
}

/** Puts the address of what is shown into the clipboard. */
export const copyLink = (): void => void copy(location.href, 'The link')

/** Closes the panel; the list has the keyboard again. */
export function closePanel(): void {
  openEvent('')
  focus(GRID)
}

/** `2026-11-22 13:00:00.12 UTC`, of an RFC 3339 time; any other text as it is. */
function inZone(text: string, zone: Zone): string {
  const time = timeOf(text)
  if (Number.isNaN(time)) return text
  const { date, clock, hundredths } = partsOf(time, zone)
  return `${date} ${clock}.${hundredths} ${offset(time, zone)}`
}

function Actions({ label, name, value }: { label: string; name: string; value: string }) {
  const stands = name ? standing(view.value.filters, name, value) : undefined
  return (
    <span class="acts">
      {name
        ? [false, true].map((not) => (
            <Button
              label={`Filter: ${fieldOf(name)?.label} is ${not ? 'not ' : ''}${short(value)}`}
              icon={not ? 'minus' : 'plus'}
              class="quiet small"
              pressed={stands === (not ? 'isNot' : 'is')}
              onClick={() => toggleFilter({ name, not, value })}
            />
          ))
        : null}
      <Button label={`Copy: ${label}`} icon="copy" class="quiet small" onClick={() => void copy(value, label)} />
    </span>
  )
}

function Lines({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="part">
      <h3>{title}</h3>
      <dl>{children}</dl>
    </section>
  )
}

function LineOf({ line, value }: { line: Line; value: Value['value'] }) {
  const text = String(value)
  const [label, , filter = '', kind = ''] = line
  const shown = kind === 'time' ? inZone(text, view.value.zone) : text
  return (
    <div class="pair">
      <dt>{label}</dt>
      <dd class={kind}>
        <span class="shown">{shown === '' ? <span class="muted">empty</span> : shown}</span>
        <Actions label={label} name={filter} value={text} />
      </dd>
    </div>
  )
}

function Readable({ shown }: { shown: Item }) {
  const byPath = new Map(valuesOf(shown).map(({ path, value }) => [path, value]))
  const rest = others(shown)
  return (
    <>
      {parts.map(([title, lines]) => {
        const there = lines.filter(([, path]) => byPath.has(path))
        return there.length === 0 ? null : (
          <Lines key={title} title={title}>
            {there.map((line) => (
              <LineOf key={line[1]} line={line} value={byPath.get(line[1]) ?? ''} />
            ))}
          </Lines>
        )
      })}
      <Lines title="Everything else">
        {rest.map(({ path, value }) => (
          <LineOf key={path} line={[path.replace(/^event\./, ''), path, '', 'code']} value={value} />
        ))}
      </Lines>
    </>
  )
}

function Raw({ shown }: { shown: Item }) {
  const text = JSON.stringify(shown.event, null, 2)
  return (
    <section class="raw" aria-label="The event as JSON">
      <Button label="Copy JSON" icon="copy" wide onClick={() => void copy(text, 'The event')} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse has to be able to scroll it */}
      <pre tabIndex={0}>
        {tokens(text).map(({ kind, text: piece }, index) => (
          <span key={index} class={`json-${kind}`}>
            {piece}
          </span>
        ))}
      </pre>
    </section>
  )
}

/** Every step of the event, each in a sentence or two. */
const Explained = ({ steps }: { steps: readonly ExplainedStep[] }) => (
  <ol class="steps">
    {steps.map(({ step, says }) => (
      <li key={step} data-step={step}>
        <h3>{step}</h3>
        <p>{says}</p>
      </li>
    ))}
  </ol>
)

function Explanation() {
  const found = explanation.value
  if (!found) return <p class="muted">Asking for the explanation…</p>
  if (!found.problem) return <Explained steps={found.steps ?? []} />
  return (
    <p class="wrong">
      <Icon name="warn" /> The explanation can not be had: {found.problem.message}
    </p>
  )
}

/** Hands over the proof as a file that other tools of transparency logs read. */
async function saveProof(id: string): Promise<void> {
  try {
    const text = await (await ask(pathOf(id, 'proof'), { accept: 'text/plain' })).text()
    download(`${id}.tlog-proof`, 'text/plain', [text])
  } catch (error) {
    said.value = error instanceof Error ? error.message : 'The proof can not be had.'
  }
}

const names: Readonly<Record<Tab, string>> = { event: 'Event', explain: 'Explanation', proof: 'Proof', json: 'JSON' }

function Tabs() {
  const { tab } = view.value
  const order = Object.keys(names) as Tab[]
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    const next = order.at((order.indexOf(tab) + step) % order.length) ?? 'event'
    glance({ tab: next })
    focus(`tab-${next}`)
  }
  return (
    <div class="tabs" role="tablist" aria-label="About the event" tabIndex={-1} onKeyDown={onKeyDown}>
      {order.map((name) => (
        <button
          key={name}
          id={`tab-${name}`}
          type="button"
          role="tab"
          aria-selected={tab === name}
          aria-controls="tab-content"
          tabIndex={tab === name ? 0 : -1}
          onClick={() => glance({ tab: name })}
        >
          {names[name]}
        </button>
      ))}
    </div>
  )
}

function Content({ shown }: { shown: Item }) {
  const { tab } = view.value
  return (
    <div id="tab-content" class="content" role="tabpanel" aria-labelledby={`tab-${tab}`}>
      {tab === 'event' ? <Readable shown={shown} /> : null}
      {tab === 'json' ? <Raw shown={shown} /> : null}
      {tab === 'explain' ? <Explanation /> : null}
      {tab === 'proof' ? <ProofSteps save={() => void saveProof(shown.event.id)} /> : null}
    </div>
  )
}

function Title({ shown }: { shown: Item | undefined }) {
  if (!shown) return <h2>Event</h2>
  const { action, outcome, severity, eventTime, initiator, target } = shown.event
  return (
    <>
      <h2 title={action}>{short(action)}</h2>
      <p class="badges">
        <span class={`badge ${outcome}`}>{outcome}</span>
        <span class={`badge ${severity}`}>{severity}</span>
        <span class="muted">{inZone(eventTime, view.value.zone)}</span>
      </p>
      <p class="line-of">
        {initiator?.name || initiator?.id || 'Somebody'}
        <span class="muted"> → </span>
        {target?.name || target?.id}
      </p>
    </>
  )
}

/** Everything about the event that is open. */
export function Panel() {
  const head = useRef<HTMLElement>(null)
  const wasOpen = useSignal(false)
  const { event } = view.value
  // Opened, it has the focus; moved through with the list, the list keeps it.
  useEffect(() => {
    if (event && !wasOpen.value && document.activeElement?.id !== GRID) head.current?.focus()
    wasOpen.value = event !== ''
  }, [event, wasOpen])
  if (!event) return null
  const shown = item.value
  return (
    <aside id={PANEL} ref={head} class="detail" aria-label="The event that is open" tabIndex={-1}>
      <header class="detail-head">
        <div class="titles">
          <Title shown={shown} />
        </div>
        <Button label="Copy a link to this event" icon="link" class="quiet" onClick={copyLink} />
        <Button label="Close" icon="close" class="quiet" hint="Esc" onClick={closePanel} />
      </header>
      {problem.value ? (
        <Wrong problem={problem.value} again={retry} />
      ) : (
        <>
          <ProofVerdict />
          <Tabs />
          {shown ? <Content shown={shown} /> : <p class="content muted">Loading…</p>}
        </>
      )}
    </aside>
  )
}
