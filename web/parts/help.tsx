import { keysOn } from '../state.ts'
import { Dialog } from './controls.tsx'
import { shortcuts } from './shortcuts.ts'

const drawn: Readonly<Record<string, string>> = { ArrowDown: '↓', ArrowUp: '↑', Escape: 'Esc' }

/** What every key does. */
export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" class="help" onClose={onClose}>
      <dl class="keys">
        {shortcuts.map(({ keys, does }) => (
          <div key={does}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{drawn[key] ?? key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>←</kbd>
            <kbd>→</kbd>
          </dt>
          <dd>On the histogram: move; with Shift select, with Enter zoom in</dd>
        </div>
      </dl>
      <label class="choice">
        <input
          type="checkbox"
          checked={keysOn.value}
          onChange={(event) => {
            keysOn.value = event.currentTarget.checked
          }}
        />
        <span>Single letters do something</span>
      </label>
      <h3>In the search box</h3>
      <p>
        Words are looked for in the whole event. <code>action:image.push</code> is a filter, <code>-initiator:ci</code>{' '}
        leaves out, and <code>target:"team/app:1.0"</code> holds blanks together.
      </p>
    </Dialog>
  )
}
