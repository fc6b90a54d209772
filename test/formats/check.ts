import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { Ajv, type ValidateFunction } from 'ajv'
import { toText } from '../../lib/body.ts'
import { type AuditEvent, locate } from '../../lib/event.ts'
import type { Format, FormatName } from '../../lib/formats/format.ts'
import { formats } from '../../lib/formats/index.ts'
import { route } from '../../lib/route.ts'

// Every event of every test comes through here: it has to be valid by the published schema of each format, read by a validator that
// knows nothing of ours, and each format has to give back what it was given.

const KIB = 1024
/** Most bytes: one record of Cloud Logs, and what intermediaries of CloudEvents have to forward. */
const LIMITS: Partial<Record<FormatName, number>> = { 'activity-tracker': 32 * KIB, cloudevents: 64 * KIB }

// That the schemas themselves are valid is tested once; to check it in every file of tests takes twice the time.
const ajv = new Ajv({ strict: false, validateSchema: false, meta: false })
const compiled = new Map<FormatName, ValidateFunction>()

/** The published schema of the format `name`. */
export const publishedSchema = (name: FormatName): object =>
  JSON.parse(readFileSync(resolve(import.meta.dirname, `../../docs/schemas/event.${name}.json`), 'utf8'))

/** The validator of the format `name`, compiled once. */
export function validatorOf(name: FormatName): ValidateFunction {
  const known = compiled.get(name)
  if (known) return known
  const validator = ajv.compile(publishedSchema(name))
  compiled.set(name, validator)
  return validator
}

/** `event` as the body of a message in `format`, after it was read back. Throws when something is lost on the way. */
function thereAndBack(event: AuditEvent, format: Format): string {
  const body = toText(format.write(event))
  const back = format.read(JSON.parse(body))
  if (isDeepStrictEqual(back, event)) return body
  throw new Error(`${format.name} loses something:\n${JSON.stringify(event)}\nbecame\n${JSON.stringify(back)}`)
}

/** Throws, with the place and the event, when `event`, which has its location, is not what the docs promise in every format. */
export function checkLocated(event: AuditEvent): AuditEvent {
  for (const format of Object.values(formats)) {
    const body = thereAndBack(event, format)
    const isValid = validatorOf(format.name)
    if (!isValid(JSON.parse(body))) {
      const [error] = isValid.errors ?? []
      throw new Error(`${format.name}: ${error?.instancePath} ${error?.message}, ${error?.schemaPath}:\n${body}`)
    }
    const bytes = Buffer.byteLength(body)
    if (bytes > (LIMITS[format.name] ?? bytes)) throw new Error(`${format.name}: ${bytes} bytes`)
  }
  return event
}

/** The same for an event as it lies on the intake queue. */
export function checkQueued(event: AuditEvent): void {
  for (const format of Object.values(formats)) thereAndBack(event, format)
  checkLocated(locate(event, route(event.route?.region ?? '', event.route?.edition ?? '').location))
}
