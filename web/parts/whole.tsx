import { useSignal, useSignalEffect } from '@preact/signals'
import type { Removed } from '../answers.ts'
import { checkWhole } from '../checkpoints.ts'
import { complete, lacking } from '../list.ts'
import { events } from '../numbers.ts'
import { type Found, inShort } from '../whole.ts'
import { Popover } from './controls.tsx'
import { Icon } from './icons.tsx'
import { Check, icons } from './proofs.tsx'

const goneOf = ({ firstDay, lastDay, count }: Removed): string =>
  `${firstDay === lastDay ? firstDay : `${firstDay} to ${lastDay}`}: ${events(count)} removed under retention.`

/** When the check began whose findings are shown. */
let latest = 0

/** At which checkpoints the list is whole, and what of the archive could not be read or was removed. */
export function Completeness() {
  const found = useSignal<readonly Found[] | undefined>(undefined)
  useSignalEffect(() => {
    const checkpoints = complete.value
    if (checkpoints.length === 0) return
    const turn = performance.now()
    const take = (checked: readonly Found[]): void => {
      // What came later is of a later list; what comes from an earlier one is better than nothing.
      if (turn < latest) return
      latest = turn
      found.value = checked
    }
    checkWhole(checkpoints).then(take, () => take([]))
  })
  const places = complete.value.map(({ location }) => location)
  if (places.length === 0) return null
  const ofThese = found.value?.filter(({ location }) => places.includes(location))
  const { state, words } = inShort(places.length, ofThese, lacking.value)
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
      <p class="muted">
        That it leaves out no event of the query is the word of the service: <code>verify</code> checks it.
      </p>
      <ul class="checks">
        {complete.value.map(({ location }) => {
          const one = found.value?.find((other) => other.location === location)
          const isGood = one?.state === 'ok'
          return (
            <Check key={location} title={location} state={one?.state ?? 'unknown'}>
              {isGood ? `${events(one.size)}, signed` : (one?.says ?? 'Not checked.')}
            </Check>
          )
        })}
        {lacking.value.damaged.map(({ location, file, why }) => (
          <Check key={location + file + why} title={location} state="failed">
            {file ? `${file}: ${why}` : why}
          </Check>
        ))}
        {lacking.value.removed.map((gone) => (
          <Check key={JSON.stringify(gone)} title={gone.location} state="unknown">
            {goneOf(gone)}
          </Check>
        ))}
      </ul>
    </Popover>
  )
}
