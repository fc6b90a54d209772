/** The drawings of web/icons.svg. */
export type IconName =
  | 'search'
  | 'close'
  | 'plus'
  | 'minus'
  | 'clock'
  | 'live'
  | 'refresh'
  | 'download'
  | 'link'
  | 'copy'
  | 'sun'
  | 'moon'
  | 'system'
  | 'keys'
  | 'filter'
  | 'left'
  | 'right'
  | 'down'
  | 'up'
  | 'out'
  | 'person'
  | 'yes'
  | 'warn'
  | 'proven'
  | 'broken'

/**
 * A drawing in the colour of the text beside it. It says nothing by itself: what it means stands beside it, or in the name of its
 * button.
 */
export const Icon = ({ name }: { name: IconName }) => (
  <svg class="icon" aria-hidden="true">
    <use href={`icons.svg#${name}`} />
  </svg>
)
