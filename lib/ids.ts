import { hash } from 'node:crypto'
import { parse, v5 } from 'uuid'

// Made once with a random generator; it must never change, or every id changes.
const NAMESPACE = parse('6f0b1c6d-5a0e-4c58-a3a5-d1f0b6c9e27a')

/**
 * The UUID v5 (RFC 9562) of `parts` in this project's namespace: the same parts give the same id on every machine, so a
 * retried or duplicated delivery has the id of the first one.
 */
export const derivedId = (...parts: readonly string[]): string => v5(JSON.stringify(parts), NAMESPACE)

/** SHA-256 of `data` in hex: what stands for the sender's id where there is none. */
export const fingerprint = (data: Buffer | string): string => hash('sha256', data, 'hex')
