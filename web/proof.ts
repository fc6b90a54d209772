import { type Bytes, equal, fromBase64, toBase64, utf8 } from './bytes.ts'
import { type Checkpoint, canVerify, openNote, readCheckpoint, readKey } from './note.ts'
import { digits, events } from './numbers.ts'
import { compareTrees, leafHash, nodesOf, rootFrom } from './tree.ts'

// Checks in the browser that an event is in the log of its location, with code of its own: whoever wrote the log, or answers for
// it, has no part in the verdict. docs/viewer.md says what it shows.

/** The answer of `GET /events/{id}/proof`. */
export interface Proof {
  location: string
  leaf: number
  entry: string
  hashes: readonly string[]
  size: number
  checkpoint: string
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

/** `answer` as a proof; `undefined` when it lacks what a proof has. */
export function readProof(answer: unknown): Proof | undefined {
  const { location, leaf, entry, hashes, size, checkpoint } = Object(answer)
  if (!isText(location) || !isText(entry) || !isText(checkpoint) || !isCount(leaf) || !isCount(size)) return undefined
  return Array.isArray(hashes) && hashes.every(isText) ? { location, leaf, entry, hashes, size, checkpoint } : undefined
}

/** What is shown as the event, and where it is said to be. */
export interface Shown {
  location: string
  leaf: number
  event: unknown
}

/** What is remembered of a log: its key from the first time on, and the last checkpoint that was found genuine. */
export interface Remembered {
  key: string
  /** When the key was first seen: milliseconds since 1970. */
  since: number
  size: number
  /** Base64. */
  root: string
}

export type State = 'ok' | 'failed' | 'unknown'
/** One thing that was checked, and what was found. */
export interface Step {
  name: 'entry' | 'tree' | 'checkpoint' | 'key' | 'growth'
  state: State
  says: string
}

export interface Verdict {
  /** `failed` when a step failed; `unknown` when none did, but not all could be checked. */
  state: State
  steps: readonly Step[]
  /** What to remember now; the same as before when something failed. */
  remember: Remembered | undefined
}

/** What the check of a checkpoint needs besides it. */
export interface Surroundings {
  /** The verifier key that `GET /logs` tells. */
  key: string
  /** As it was when the checkpoint was asked for: what was seen since may be newer than the answer. */
  remembered: Remembered | undefined
  /** Reads a tile of the log by its path below `tile/`; rejects when it can't be had. */
  readTile: (path: string) => Promise<Bytes>
  now: number
}

/** The event that was opened: its id, and the location that the list says, when it is in the list. */
export interface Opened {
  id: string
  location: string | undefined
}

const ok = (name: Step['name'], says: string): Step => ({ name, state: 'ok', says })
const failed = (name: Step['name'], says: string): Step => ({ name, state: 'failed', says })
const unknown = (name: Step['name'], says: string): Step => ({ name, state: 'unknown', says })

/** `value` as canonical JSON (RFC 8785): JavaScript writes numbers and texts as it wants them; members go by UTF-16 code units. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`
}

/** What is wrong when `shown` is not the event that was opened. */
export function checkOpened({ event, location }: Shown, opened: Opened): Step | undefined {
  const { id } = Object(event)
  return id === opened.id && location === (opened.location ?? location)
    ? undefined
    : failed('entry', `What was answered is another event than the one opened: ${id} of ${location}.`)
}

function checkEntry({ event, location, leaf }: Shown, proof: Proof): Step {
  if (proof.location !== location || proof.leaf !== leaf) {
    return failed('entry', `The proof is of leaf ${proof.leaf} of ${proof.location}, not of ${leaf} of ${location}.`)
  }
  return canonical(event) === proof.entry
    ? ok('entry', 'The entry of the log is the event shown here, character for character.')
    : failed('entry', 'The event shown here is not the one that stands in the log.')
}

async function checkTree(proof: Proof, checkpoint: Checkpoint): Promise<Step> {
  const hashes = proof.hashes.map(fromBase64)
  const whole = hashes.filter((hash): hash is Bytes => hash?.length === 32)
  if (whole.length < hashes.length) return failed('tree', 'A hash of the proof is none of SHA-256.')
  if (proof.size !== checkpoint.size) {
    return failed('tree', `The proof is for ${events(proof.size)}, the checkpoint for ${digits(checkpoint.size)}.`)
  }
  const hash = await leafHash(utf8(proof.entry))
  const root = await rootFrom(hash, proof.leaf, proof.size, whole)
  return root && equal(root, checkpoint.root)
    ? ok(
        'tree',
        `With ${whole.length} hashes, leaf ${digits(proof.leaf)} leads to the root of all ${events(proof.size)}.`,
      )
    : failed('tree', `Leaf ${digits(proof.leaf)} does not lead to the root of the ${events(proof.size)}.`)
}

const day = (time: number): string => new Date(time).toISOString().slice(0, 10)

function checkKey({ key, remembered }: Surroundings): Step {
  if (!remembered) {
    return ok('key', `First seen now, and remembered: compare it with the copy that you were given. ${key}`)
  }
  return remembered.key === key
    ? ok('key', `The key is the one that this browser has known since ${day(remembered.since)}.`)
    : failed('key', `The log has another key than the one that this browser has known since ${day(remembered.since)}.`)
}

const isOf = (origin: string, location: string): boolean => origin.split('/').at(-1) === location

/** The checkpoint in `note` that `verifierKey` signed for the log of `location`; else why there is none. */
async function openCheckpoint(note: string, verifierKey: string, location: string): Promise<Checkpoint | string> {
  const key = await readKey(verifierKey)
  if (!key) return 'The key of the log can not be read.'
  const text = await openNote(note, key)
  if (text === undefined) return `The checkpoint is not signed by the key of ${key.name}.`
  const checkpoint = readCheckpoint(text)
  if (!checkpoint) return 'What is signed is no checkpoint.'
  const { origin } = checkpoint
  return origin === key.name && isOf(origin, location)
    ? checkpoint
    : `The checkpoint is of the log ${origin}, not of ${location}.`
}

const growth = {
  grown: (before: string) =>
    ok('growth', `The log has only grown since the last checkpoint that was seen, of ${before}.`),
  rewritten: (before: string) =>
    failed('growth', `The log was rewritten: it does not hold the ${before} that were seen before.`),
  damaged: () => failed('growth', 'The tiles of the log do not lead to the root of its checkpoint.'),
}

async function checkGrowth({ size, root }: Checkpoint, { remembered, readTile }: Surroundings): Promise<Step> {
  const old = fromBase64(remembered?.root ?? '')
  if (!remembered || !old) return ok('growth', 'No checkpoint of this log was seen before.')
  const before = events(remembered.size)
  if (size < remembered.size) {
    return failed('growth', `The log was rolled back: it had ${before} before, now it has ${digits(size)}.`)
  }
  if (size === remembered.size) {
    return equal(root, old)
      ? ok('growth', `The checkpoint is the last one that was seen, of ${before}.`)
      : failed('growth', `The log was rewritten: another checkpoint of the same ${before} was seen before.`)
  }
  try {
    return growth[await compareTrees([remembered.size, old], [size, root], nodesOf(size, readTile))](before)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return unknown('growth', `Whether the log still holds the ${before} seen before can not be checked: ${why}`)
  }
}

const overall = (steps: readonly Step[]): State => {
  if (steps.some(({ state }) => state === 'failed')) return 'failed'
  return steps.every(({ state }) => state === 'ok') ? 'ok' : 'unknown'
}

/** What the check of a checkpoint came to; the checkpoint itself is there when it is signed. */
export interface Head extends Verdict {
  checkpoint?: Checkpoint
}

/**
 * Checks that `note` is a checkpoint of the log of `location`, that the log's key signed it, that the key is the one known, and that the log
 * has only grown since it was last looked at. Never throws for what a server may answer.
 */
export async function checkHead(note: string, location: string, around: Surroundings): Promise<Head> {
  const { remembered, now } = around
  if (!(await canVerify())) {
    const says = 'This browser can not check Ed25519 signatures here: use a current one, over HTTPS or on this machine.'
    return { state: 'unknown', steps: [unknown('checkpoint', says)], remember: remembered }
  }
  const key = remembered?.key ?? around.key
  const known = checkKey(around)
  const checkpoint = await openCheckpoint(note, key, location)
  if (typeof checkpoint === 'string') {
    return { state: 'failed', steps: [failed('checkpoint', checkpoint), known], remember: remembered }
  }
  const { origin, size, root } = checkpoint
  const signed = ok('checkpoint', `The checkpoint of ${events(size)} is signed by ${origin}.`)
  const steps = [signed, known, await checkGrowth(checkpoint, around)]
  const state = overall(steps)
  const seen = { key, since: remembered?.since ?? now, size, root: toBase64(root) }
  return { state, steps, checkpoint, remember: state === 'ok' ? seen : remembered }
}

/** Checks that `shown` is the event that was opened, at its place in the log of its location, and what `checkHead` checks of that log. */
export async function check(shown: Shown, proof: Proof, opened: Opened, around: Surroundings): Promise<Verdict> {
  const { checkpoint, steps: ofHead, remember } = await checkHead(proof.checkpoint, shown.location, around)
  const steps = [checkOpened(shown, opened) ?? checkEntry(shown, proof)]
  if (checkpoint) steps.push(await checkTree(proof, checkpoint))
  steps.push(...ofHead)
  const state = overall(steps)
  return { state, steps, remember: state === 'ok' ? remember : around.remembered }
}
