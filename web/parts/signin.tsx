import { useSignal } from '@preact/signals'
import type { Problem } from '../api.ts'
import { refusal, signIn, stage } from '../state.ts'
import { into } from './controls.tsx'
import { Icon } from './icons.tsx'

const LOCAL = 'local'

const said = (problem: Problem): string =>
  problem.code === 'UNAUTHENTICATED' ? 'This is the secret of no reader.' : problem.message

/** The form to sign in. The secret goes from here into the tab's memory, and into no address. */
export function SignIn() {
  const value = useSignal('')
  const waiting = useSignal(false)
  const wrong = useSignal('')
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    waiting.value = true
    const problem = await signIn(value.value.trim())
    waiting.value = false
    wrong.value = problem ? said(problem) : ''
  }
  const message = wrong.value || (refusal.value ? 'The secret is no longer taken: sign in again.' : '')
  return (
    <main class="signin">
      <form onSubmit={submit} aria-labelledby="signin-title">
        <h1 id="signin-title">Registry events</h1>
        <p class="muted">Search the archive of audit events, and check the proof of each in this browser.</p>
        <label for="secret">Secret of the reader</label>
        <input
          id="secret"
          type="password"
          autocomplete="current-password"
          required
          // biome-ignore lint/a11y/noAutofocus: the only thing there is to do
          autoFocus
          aria-describedby="secret-hint"
          aria-invalid={message !== ''}
          value={value}
          onInput={into(value)}
        />
        <p id="secret-hint" class="hint">
          {stage.value === LOCAL ? (
            <>
              In local emulation it is <code>local</code>, unless another one is set.
            </>
          ) : (
            'It is kept until this tab is closed.'
          )}
        </p>
        <p class="wrong" role="alert">
          {message ? (
            <>
              <Icon name="warn" /> {message}
            </>
          ) : null}
        </p>
        <button type="submit" class="button primary" disabled={waiting.value}>
          {waiting.value ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
    </main>
  )
}
