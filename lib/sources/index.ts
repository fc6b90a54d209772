import { cloudevents } from './cloudevents.ts'
import { distribution } from './distribution.ts'
import type { Source } from './source.ts'

const table = { cloudevents, distribution }

export type SourceName = keyof typeof table

/** Every kind of sender, by the name that `registries.ts` uses. */
export const sources: Readonly<Record<SourceName, Source>> = table
