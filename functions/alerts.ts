import { alerts } from '../lib/runtimes/alerts.ts'

/** Saved searches → whoever wants to know. */
export const handler = alerts()
