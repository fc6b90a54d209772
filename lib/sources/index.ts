import { cloudevents } from './cloudevents.ts'
import { distribution } from './distribution.ts'

/** Every kind of sender, by the name that `registries.ts` uses. */
export const sources = { cloudevents, distribution } as const

export type SourceName = keyof typeof sources
