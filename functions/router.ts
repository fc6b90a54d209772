import { router } from '../lib/runtimes/lambda.ts'

/** Intake queue → queue of the location. */
export const handler = router()
