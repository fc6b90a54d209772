import { total } from '../counts.ts'
import { count, liveProblem, loading, next, problem, setLive, stale } from '../list.ts'
import { digits } from '../numbers.ts'
import { facetsOpen, reader, refresh, said, secret, signOut, theme, view } from '../state.ts'
import { Button, Dialog, Popover } from './controls.tsx'
import { Exporting } from './exporting.tsx'
import { Facets } from './facets.tsx'
import { Filters, SearchBox } from './filters.tsx'
import { Help } from './help.tsx'
import { Histogram } from './histogram.tsx'
import { Icon } from './icons.tsx'
import { copyLink, Panel } from './panel.tsx'
import { dialog, nextTheme, themes } from './shortcuts.ts'
import { SignIn } from './signin.tsx'
import { Table } from './table.tsx'
import { TimeRange, ZoneSwitch } from './time.tsx'
import { Completeness } from './whole.tsx'

const isNarrow = (): boolean => matchMedia('(max-width: 900px)').matches

function toggleFacets(): void {
  if (isNarrow()) dialog.value = 'facets'
  else facetsOpen.value = !facetsOpen.value
}

function Who() {
  const { value } = reader
  const locations = value?.locations ?? []
  return (
    <Popover
      id="reader"
      label={value ? `Signed in as ${value.id}` : 'Signed in'}
      class="square quiet"
      panelClass="reader-panel"
      face={<Icon name="person" />}
    >
      <h2>{value?.id ?? 'Reader'}</h2>
      <p class="muted">May see {locations.length > 0 ? locations.join(', ') : 'what the service allows'}.</p>
      <Button label="Sign out" icon="close" wide onClick={() => signOut()} />
    </Popover>
  )
}

function Bar() {
  const { live } = view.value
  const { says, icon } = themes[theme.value]
  return (
    <header class="bar">
      <h1>
        <img src="viewer.svg" alt="" width="20" height="20" />
        <span>Registry events</span>
      </h1>
      <SearchBox />
      <TimeRange />
      <ZoneSwitch />
      <Button
        label="Live"
        icon="live"
        wide
        pressed={live}
        hint="l"
        class={`live ${live ? 'on' : ''}`}
        onClick={() => setLive(!live)}
      />
      <span class="tools">
        <Button label="Search again" icon="refresh" hint="r" class="quiet" onClick={refresh} />
        <Button label="Export" icon="download" hint="e" class="quiet" onClick={() => (dialog.value = 'export')} />
        <Button label="Copy a link to what is shown" icon="link" hint="c" class="quiet" onClick={copyLink} />
        <Button label={`Colours: ${says}`} icon={icon} hint="d" class="quiet" onClick={nextTheme} />
        <Button label="Keys" icon="keys" hint="?" class="quiet" onClick={() => (dialog.value = 'help')} />
        <Who />
      </span>
    </header>
  )
}

/** What is wrong while there are events to be seen all the same. */
function trouble(): string {
  if (count.value > 0 && problem.value)
    return `${stale.value ? 'The search failed' : 'No more events for now'}: ${problem.value.message}`
  if (liveProblem.value && view.value.live) return `New events can not be looked for: ${liveProblem.value.message}`
  return ''
}

function Status() {
  const found = trouble()
  const all = next.value === null ? count.value : Math.max(count.value, total.value ?? 0)
  const loaded = next.value === null ? 'all loaded' : `${digits(count.value)} of ${digits(all)} loaded`
  return (
    <footer class="status">
      <Completeness />
      {found ? (
        <span class="wrong" role="alert">
          <Icon name="warn" /> <span title={found}>{found}</span>
          <Button label="Try again" icon="refresh" wide class="quiet small" onClick={refresh} />
        </span>
      ) : (
        <span class="muted">
          {stale.value ? 'Searching…' : `${loaded}${loading.value ? ' · loading' : ''}`}
          {view.value.live ? ' · live, newest arrivals first' : ''}
        </span>
      )}
    </footer>
  )
}

function Dialogs() {
  const close = (): void => {
    dialog.value = undefined
  }
  switch (dialog.value) {
    case 'help':
      return <Help onClose={close} />
    case 'export':
      return <Exporting onClose={close} />
    case 'facets':
      return (
        <Dialog title="Filter by value" class="drawer" onClose={close}>
          <Facets />
        </Dialog>
      )
    default:
      return null
  }
}

/** All of the viewer. */
export function App() {
  if (!secret.value) return <SignIn />
  return (
    <div class={`app ${facetsOpen.value ? 'with-facets' : ''} ${view.value.event ? 'with-detail' : ''}`}>
      <Bar />
      <div class="under">
        <Button
          label="Values to filter by"
          icon="filter"
          class="quiet"
          pressed={facetsOpen.value}
          onClick={toggleFacets}
        />
        <Filters />
      </div>
      <nav class="side" aria-label="Values to filter by">
        <Facets />
      </nav>
      <main class="middle">
        <Histogram />
        <Table />
      </main>
      <Panel />
      <Status />
      <Dialogs />
      <p class="hidden" role="status">
        {said.value}
      </p>
    </div>
  )
}
