import * as v from 'valibot'
import { type Finding, Findings } from './findings.ts'
import { hashText, isIncluded, leafHash, parseHash } from './hashes.ts'
import { parseCheckpoint, parseKey, parseNote, parseNumber, signedBy, type VerifierKey } from './note.ts'

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
  const leaf = parseNumber((lines.shift() ?? '').replace(/^index /, ''))
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

/** What can be wrong with the proof of `entry`. */
function judge(proof: Proof, entry: string | undefined, key: VerifierKey | undefined): Finding | ReturnType<typeof parseCheckpoint> {
  const note = parseNote(Buffer.from(proof.checkpoint))
  const checkpoint = note && parseCheckpoint(note.text)
  if (!note || !checkpoint) return { code: 'CHECKPOINT_UNREADABLE', message: 'Its checkpoint is no signed note of one.' }
  if (!key) return { code: 'FOREIGN_KEY', message: 'No key is known that could have signed it: give it with --key.' }
  const signed = signedBy(note, key)
  if (signed === 'forged') return { code: 'SIGNATURE_WRONG', message: `The signature of ${key.text} does not fit.` }
  if (signed !== 'yes' || checkpoint.origin !== key.name) {
    return { code: 'FOREIGN_KEY', message: `Its checkpoint is not signed by the key ${key.text}.` }
  }
  if (entry === undefined) return { code: 'PROOF_WRONG', message: 'It does not hold the event: give it with --entry.' }
  if (proof.size !== undefined && proof.size !== checkpoint.size) {
    return { code: 'PROOF_WRONG', message: `It says ${proof.size} leaves, its checkpoint ${checkpoint.size}.` }
  }
  const hashes = proof.hashes.filter((hash) => hash !== undefined)
  const isWhole = hashes.length === proof.hashes.length
  if (isWhole && isIncluded(proof.leaf, checkpoint.size, leafHash(entry), hashes, checkpoint.root)) return checkpoint
  return { code: 'PROOF_WRONG', message: `It does not lead to the root ${hashText(checkpoint.root)}.` }
}

/**
 * Verifies the proof `text`. `key` is the verifier key of the log, from elsewhere; without it the one in the proof is believed, and that is told.
 * `entry` is the canonical JSON of the event, which a tlog-proof does not hold. Throws an `Error` when `key` is no key.
 */
export function verifyProof(text: string, options: { key?: string | undefined; entry?: string | undefined } = {}): ProofReport {
  const findings = new Findings()
  const proof = parse(text)
  const given = options.key === undefined ? undefined : parseKey(options.key)
  if (options.key !== undefined && !given) throw new Error(`${JSON.stringify(options.key)} is no verifier key of Ed25519.`)
  const key = given ?? (proof?.key === undefined ? undefined : parseKey(proof.key))
  const entry = options.entry ?? proof?.entry
  const judged = proof
    ? judge(proof, entry, key)
    : ({ code: 'PROOF_UNREADABLE', message: 'It is neither JSON of a proof nor a tlog-proof.' } as const)
  const told: string[] = []
  if (judged && 'code' in judged) findings.add(judged)
  if (key && !given) told.push(`The key was believed because the proof names it: compare it with what you were given elsewhere. ${key.text}`)
  const checkpoint = judged && 'root' in judged ? judged : undefined
  return {
    origin: checkpoint?.origin ?? null,
    leaf: proof?.leaf ?? null,
    size: checkpoint?.size ?? null,
    root: checkpoint ? hashText(checkpoint.root) : null,
    id: idOf(entry),
    key: key ? { text: key.text, trust: given ? 'given' : 'first use' } : null,
    isWhole: findings.list.length === 0,
    findings: findings.list,
    told,
  }
}
