const whole = new Intl.NumberFormat('en')

/** `12,345`. */
export const digits = (n: number): string => whole.format(n)

const compacted = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** `12.3K`. */
export const compact = (n: number): string => compacted.format(n)

/** `12,345 events`. */
export const events = (n: number): string => `${digits(n)} ${n === 1 ? 'event' : 'events'}`
