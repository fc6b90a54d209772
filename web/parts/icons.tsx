// Lines on a grid of 16 by 16, in the colour of the text beside them.

const paths = {
  search: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Zm3.3 7.8L14 14',
  close: 'm4 4 8 8m0-8-8 8',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  clock: 'M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM8 4.5V8l2.5 1.8',
  refresh: 'M13 8a5 5 0 1 1-1.6-3.7M13.2 2v3h-3',
  download: 'M8 2v8m-3-3 3 3 3-3M2.5 13.5h11',
  link: 'M6.5 9.5 9.5 6.5M7 4.5l1.6-1.6a3.2 3.2 0 0 1 4.5 4.5L11.5 9M9 11.5l-1.6 1.6a3.2 3.2 0 0 1-4.5-4.5L4.5 7',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  sun: 'M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6Zm0-3.6v1m0 11.2v1M1.4 8h1m11.2 0h1M3.3 3.3l.7.7m8 8 .7.7m0-9.4-.7.7m-8 8-.7.7',
  moon: 'M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1Z',
  system: 'M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8Zm0 0v12.4',
  keys: 'M1.5 4h13v8h-13zM4 6.5h.5m2 0H7m2 0h.5m2 0h.5M4.5 9.5h7',
  filter: 'M2 3.5h12M4.5 8h7M6.5 12.5h3',
  left: 'M10 3 5 8l5 5',
  right: 'm6 3 5 5-5 5',
  down: 'm3.5 6 4.5 4.5L12.5 6',
  up: 'M3.5 10 8 5.5l4.5 4.5',
  out: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Zm3.3 7.8L14 14M5 7h4',
  person: 'M8 2.5a2.7 2.7 0 1 1 0 5.4 2.7 2.7 0 0 1 0-5.4ZM2.8 14c.4-3 2.5-4.3 5.2-4.3s4.8 1.3 5.2 4.3',
  yes: 'm3 8.5 3.3 3.3L13 5',
  warn: 'M8 2 14.5 13.500h-13ZM8 6.5v3.200m0 1.8v.3',
  proven: 'M8 1.6 13.5 3.6v4c0 3.4-2.3 5.6-5.5 6.8-3.2-1.2-5.5-3.4-5.5-6.8v-4ZM5.5 8l1.8 1.8L10.7 6.3',
  broken: 'M8 1.6 13.5 3.6v4c0 3.4-2.3 5.6-5.5 6.8-3.2-1.2-5.5-3.4-5.5-6.8v-4ZM6 6l4 4m0-4-4 4',
} as const

export type IconName = keyof typeof paths

/** A drawing that says nothing by itself: what it means stands beside it, or in the name of its button. */
export const Icon = ({ name }: { name: IconName }) => (
  <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
    <path d={paths[name]} />
  </svg>
)
