import * as v from 'valibot'
import { type ErrorCode, RouterError } from './errors.ts'

/**
 * `value` as `schema` describes it. Throws a `RouterError` with `code` whose sentence names the first field that is wrong:
 * `target.tag: must be text.`; for the value as a whole it begins with `what`.
 */
export function parse<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  code: ErrorCode | ((path: string) => ErrorCode),
  what: string,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, value)
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  const path = v.getDotPath(issue) ?? ''
  throw new RouterError(typeof code === 'string' ? code : code(path), `${path || what}: ${issue.message}.`)
}
