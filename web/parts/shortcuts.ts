import { signal } from '@preact/signals'
import { active, count, moveTo, rows, setLive } from '../list.ts'
import { glance, keysOn, openEvent, refresh, secret, theme, view } from '../state.ts'
import { tabs } from '../view.ts'
import { focus, openPopover } from './controls.tsx'
import { ADD, SEARCH } from './filters.tsx'
import { closePanel, copyLink } from './panel.tsx'
import { GRID } from './table.tsx'
import { TIME } from './time.tsx'

/** The dialog that is open, if any. */
export const dialog = signal<'help' | 'export' | 'facets' | undefined>(undefined)

const PAGE = 20

/** The row that the keyboard is at becomes the open one, when one is open. */
function step(by: number): void {
  moveTo(active.value + by)
  focus(GRID)
  const row = rows[active.value]
  if (view.value.event && row) openEvent(row.id, { passing: true })
}

function openActive(): void {
  const row = rows[active.value]
  if (row) openEvent(row.id, { passing: view.value.event !== '' })
}

/** What the colours are called, their drawing, and which come next. */
export const themes = {
  system: { says: 'as the system', icon: 'system', next: 'light' },
  light: { says: 'light', icon: 'sun', next: 'dark' },
  dark: { says: 'dark', icon: 'moon', next: 'system' },
} as const

/** The next of light, dark, and what the system says. */
export function nextTheme(): void {
  theme.value = themes[theme.value].next
}

export interface Shortcut {
  keys: readonly string[]
  does: string
  run: () => void
}

/** Every key, for who presses them and for the help. */
export const shortcuts: readonly Shortcut[] = [
  { keys: ['/'], does: 'Search', run: () => focus(SEARCH) },
  { keys: ['j', 'ArrowDown'], does: 'Next event', run: () => step(1) },
  { keys: ['k', 'ArrowUp'], does: 'Event before', run: () => step(-1) },
  { keys: ['PageDown'], does: 'Further down', run: () => step(PAGE) },
  { keys: ['PageUp'], does: 'Further up', run: () => step(-PAGE) },
  { keys: ['g', 'Home'], does: 'First event', run: () => step(-count.value) },
  { keys: ['G', 'End'], does: 'Last event that is loaded', run: () => step(count.value) },
  { keys: ['Enter'], does: 'Open the event', run: openActive },
  { keys: ['Escape'], does: 'Close the event', run: closePanel },
  ...tabs.map((tab, index) => ({
    keys: [String(index + 1)],
    does: `Of the open event: ${tab}`,
    run: () => glance({ tab }),
  })),
  { keys: ['f'], does: 'Add a filter', run: () => openPopover(ADD) },
  { keys: ['t'], does: 'Time range', run: () => openPopover(TIME) },
  {
    keys: ['u'],
    does: 'UTC or local time',
    run: () => glance({ zone: view.value.zone === 'utc' ? 'local' : 'utc' }),
  },
  { keys: ['l'], does: 'Live: new events as they come', run: () => setLive(!view.value.live) },
  { keys: ['r'], does: 'Search again', run: refresh },
  { keys: ['e'], does: 'Export', run: () => (dialog.value = 'export') },
  { keys: ['c'], does: 'Copy a link to what is shown', run: copyLink },
  { keys: ['d'], does: 'Light, dark, or as the system', run: nextTheme },
  { keys: ['?'], does: 'This help', run: () => (dialog.value = 'help') },
]

const byKey = new Map(shortcuts.flatMap((shortcut) => shortcut.keys.map((key) => [key, shortcut])))

/** Whether a key pressed here is meant for what has the focus. */
function isTaken(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof Element)) return false
  if (target.closest('dialog, [popover]')) return true
  if (target.matches('input, textarea, select, [contenteditable]')) return key !== 'Escape'
  // Arrows and Enter belong to buttons, tabs and texts that have the focus; single letters do nothing there.
  return key.length > 1 && key !== 'Escape' && target.id !== GRID && target !== document.body
}

function press(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !secret.value) return
  const shortcut = byKey.get(event.key)
  if (!shortcut || isTaken(event.target, event.key)) return
  if (!keysOn.value && event.key.length === 1) return
  if (event.key === 'Escape' && event.target instanceof HTMLInputElement) {
    focus(GRID)
    return
  }
  event.preventDefault()
  shortcut.run()
}

/** Listens for keys from now on. */
export const followKeys = (): void => addEventListener('keydown', press)
