import * as v from 'valibot'
import type { Finding } from './findings.ts'
import { hashText, isIncluded, leafHash, parseHash } from './hashes.ts'
import {
  type Checkpoint,
  parseCheckpoint,
  parseKey,
  parseNote,
  parseNumber,
  signedBy,
  type VerifierKey,
} from './note.ts'

// Verifies a proof that one event is in the log, as `GET /events/{id}/proof` gives it: as JSON, or as C2SP tlog-proof.

const schema = v.object({
  location: v.string(),
  leaf: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  entry: v.string(),
  hashes: v.array(v.string()),
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  checkpoint: v.string(),
  key: v.string(),
})

/** A proof, whatever its form. */
interface Proof {
  leaf: number
  hashes: (string | undefined)[]
  checkpoint: string
  /** What was hashed; `undefined` when the proof does not say it. */
  entry: string | undefined
  /** The key that the proof says. */
  key: string | undefined
  /** How large the log is, when the proof says so beside the checkpoint. */
  size: number | undefined
}

/** What came of a proof. */
export interface ProofReport {
  origin: string | null
  leaf: number | null
  size: number | null
  root: string | null
  /** Id of the event, when its text says one. */
  id: string | null
  key: { text: string; trust: 'given' | 'first use' } | null
  isWhole: boolean
  findings: Finding[]
  told: string[]
}

const HEAD = 'c2sp.org/tlog-proof@v1'

function parseText(text: string): Proof | undefined {
  const end = text.indexOf('\n\n')
  const [head, ...lines] = text.slice(0, Math.max(end, 0)).split('\n')
  if (head !== HEAD || end < 0) return undefined
  // Extra data is for those who know what it means.
  if (lines[0]?.startsWith('extra ')) lines.shift()
  const [, index = ''] = /^index (\d+)$/.exec(lines.shift() ?? '') ?? []
  const leaf = parseNumber(index)
  if (leaf === undefined) return undefined
  const hashes = lines.map(parseHash)
  return { leaf, hashes, checkpoint: text.slice(end + 2), entry: undefined, key: undefined, size: undefined }
}

function parse(text: string): Proof | undefined {
  if (text.startsWith(HEAD)) return parseText(text)
  try {
    const { hashes, ...rest } = v.parse(schema, JSON.parse(text))
    return { ...rest, hashes: hashes.map(parseHash) }
  } catch {
    return undefined
  }
}

function idOf(entry: string | undefined): string | null {
  try {
    const { id } = JSON.parse(entry ?? '') as { id?: unknown }
    return typeof id === 'string' ? id : null
  } catch {
    return null
  }
}

/** The checkpoint that a proof leads to, or why it leads to none. */
interface Judged {
  checkpoint?: Checkpoint
  finding?: Finding
}

/** The checkpoint of a proof, once `key` has signed it. */
function judgeCheckpoint({ checkpoint: text }: Proof, key: VerifierKey | undefined): Judged {
  const note = parseNote(Buffer.from(text))
  const checkpoint = note && parseCheckpoint(note.text)
  const wrong = (code: Finding['code'], message: string): Judged => ({ finding: { code, message } })
  if (!note || !checkpoint) return wrong('CHECKPOINT_UNREADABLE', 'Its checkpoint is no signed note of one.')
  if (!key) return wrong('FOREIGN_KEY', 'No key is known that could have signed it: give it with --key.')
  const signed = signedBy(note, key)
  if (signed === 'forged') return wrong('SIGNATURE_WRONG', `The signature of ${key.text} does not fit.`)
  if (signed === 'yes' && checkpoint.origin === key.name) return { checkpoint }
  return wrong('FOREIGN_KEY', `Its checkpoint is not signed by the key ${key.text}.`)
}

/** The checkpoint that the proof of `entry` leads to. */
function judge(proof: Proof, entry: string | undefined, key: VerifierKey | undefined): Judged {
  const judged = judgeCheckpoint(proof, key)
  const { checkpoint } = judged
  if (!checkpoint) return judged
  const wrong = (message: string): Judged => ({ finding: { code: 'PROOF_WRONG', message } })
  if (entry === undefined) return wrong('It does not hold the event: give it with --entry.')
  const { leaf, size } = proof
  if (size !== undefined && size !== checkpoint.size)
    return wrong(`It says ${size} leaves, its checkpoint ${checkpoint.size}.`)
  const hashes = proof.hashes.filter((hash) => hash !== undefined)
  const isWhole = hashes.length === proof.hashes.length
  if (isWhole && isIncluded(leaf, checkpoint.size, leafHash(entry), hashes, checkpoint.root)) return { checkpoint }
  return wrong(`It does not lead to the root ${hashText(checkpoint.root)}.`)
}

/** The key by which a proof is believed. */
function believed(
  proof: Proof | undefined,
  given: string | undefined,
): (ProofReport['key'] & { parsed: VerifierKey }) | undefined {
  const text = given ?? proof?.key
  const parsed = text === undefined ? undefined : parseKey(text)
  if (text !== undefined && parsed) return { text, parsed, trust: given === undefined ? 'first use' : 'given' }
  if (given !== undefined) throw new Error(`${JSON.stringify(given)} is no verifier key of Ed25519.`)
  return undefined
}

const unreadable: Finding = { code: 'PROOF_UNREADABLE', message: 'It is neither JSON of a proof nor a tlog-proof.' }

/**
 * Verifies the proof `text`. `key` is the verifier key of the log, from elsewhere; without it the one in the proof is believed, and that is told.
 * `entry` is the canonical JSON of the event, which a tlog-proof does not hold. Throws an `Error` when `key` is no key.
 */
export function verifyProof(
  text: string,
  options: { key?: string | undefined; entry?: string | undefined } = {},
): ProofReport {
  const proof = parse(text)
  const key = believed(proof, options.key)
  const entry = options.entry ?? proof?.entry
  const { checkpoint, finding } = proof
    ? judge(proof, entry, key?.parsed)
    : { checkpoint: undefined, finding: unreadable }
  const isBelieved = key?.trust === 'first use'
  return {
    origin: checkpoint?.origin ?? null,
    leaf: proof?.leaf ?? null,
    size: checkpoint?.size ?? null,
    root: checkpoint ? hashText(checkpoint.root) : null,
    id: idOf(entry),
    key: key ? { text: key.text, trust: key.trust } : null,
    isWhole: finding === undefined,
    findings: finding ? [finding] : [],
    told: isBelieved
      ? [`The key was believed because the proof names it: compare it with what you were given elsewhere. ${key.text}`]
      : [],
  }
}
