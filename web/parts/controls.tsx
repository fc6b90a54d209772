import type { Signal } from '@preact/signals'
import type { ComponentChildren, TargetedEvent } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Icon, type IconName } from './icons.tsx'

// The few controls that everything is made of.

interface ButtonProps {
  label: string
  icon: IconName
  onClick: () => void
  /** The key that does the same. */
  hint?: string
  class?: string
  pressed?: boolean
  disabled?: boolean
  /** Whether its label is to be read beside the icon. */
  wide?: boolean
}

export function Button({ label, icon, onClick, hint, pressed, disabled = false, wide = false, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      class={`button ${wide ? '' : 'square'} ${rest.class ?? ''}`}
      aria-label={wide ? undefined : label}
      title={hint ? `${label} (${hint})` : wide ? undefined : label}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
      {wide ? <span class="words">{label}</span> : null}
    </button>
  )
}

/** Puts what is typed or chosen into `text`. */
export const into =
  (text: Signal<string>) =>
  ({ currentTarget }: TargetedEvent<HTMLInputElement | HTMLSelectElement>): void => {
    text.value = currentTarget.value
  }

const GAP = 4

/** Puts a panel below its button, and inside of the window. */
function place(panel: HTMLElement, button: HTMLElement): void {
  const { bottom, left } = button.getBoundingClientRect()
  panel.style.top = `${bottom + GAP}px`
  panel.style.left = `${Math.max(GAP, Math.min(left, innerWidth - panel.offsetWidth - GAP))}px`
  panel.style.maxHeight = `${innerHeight - bottom - 4 * GAP}px`
}

interface PopoverProps {
  label: string
  /** What stands on the button. */
  face: ComponentChildren
  /** How others open it. */
  id: string
  class?: string
  panelClass?: string
  disabled?: boolean
  onOpen?: () => void
  children: ComponentChildren
}

/** A button with a panel that opens below it. Esc and a click elsewhere close it: the browser sees to that, and to the focus. */
export function Popover({ label, face, id, onOpen, children, ...rest }: PopoverProps) {
  const button = useRef<HTMLButtonElement>(null)
  const panel = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const { current } = panel
    const toggled = (event: Event): void => {
      if ((event as ToggleEvent).newState !== 'open' || !current || !button.current) return
      onOpen?.()
      place(current, button.current)
      current.querySelector<HTMLElement>('[data-first], input, select, button')?.focus()
    }
    current?.addEventListener('toggle', toggled)
    return () => current?.removeEventListener('toggle', toggled)
  }, [onOpen])
  return (
    <>
      <button
        ref={button}
        type="button"
        class={`button ${rest.class ?? ''}`}
        popovertarget={id}
        aria-haspopup="dialog"
        aria-label={label}
        disabled={rest.disabled}
      >
        {face}
      </button>
      <div ref={panel} id={id} popover="auto" class={`panel ${rest.panelClass ?? ''}`} role="dialog" aria-label={label}>
        {children}
      </div>
    </>
  )
}

const found = (id: string): HTMLElement | null => document.getElementById(id)

/** These do something with the element of an id, when it is there. */
export const focus = (id: string): void => found(id)?.focus()
export const closePopover = (id: string): void => found(id)?.hidePopover()
export const openPopover = (id: string): void => found(id)?.showPopover()

interface DialogProps {
  title: string
  onClose: () => void
  class?: string
  children: ComponentChildren
}

/** A dialog over everything, for as long as it is there. The focus goes back to where it was. */
export function Dialog({ title, onClose, children, ...rest }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const before = document.activeElement
    dialog.current?.showModal()
    return () => {
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  return (
    <dialog ref={dialog} class={`dialog ${rest.class ?? ''}`} aria-labelledby="dialog-title" onClose={onClose}>
      <header class="dialog-head">
        <h2 id="dialog-title">{title}</h2>
        <Button label="Close" icon="close" onClick={onClose} />
      </header>
      {children}
    </dialog>
  )
}
