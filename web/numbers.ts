const whole = new Intl.NumberFormat('en')

/** `12,345`. */
export const digits = (n: number): string => whole.format(n)

/** `12,345 events`. */
export const events = (n: number): string => `${digits(n)} ${n === 1 ? 'event' : 'events'}`
