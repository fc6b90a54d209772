import { RouterError } from '../errors.ts'
import type { Checkpoint } from '../proof/checkpoint.ts'
import { type LogKey, signNote, type VerifierKey, verifyNote } from '../proof/note.ts'
import { countOf, type Range, type Ranges } from './ranges.ts'

// The note that says which events of a day were removed under retention (docs/archive.md).

/** What was removed of a day: the leaves, and the checkpoint under which that was said. */
export interface Removed {
  day: string
  checkpoint: Checkpoint
  leaves: Ranges
}

/** The note, signed by `key`. */
export function signRemoved({ day, checkpoint, leaves }: Removed, key: LogKey): string {
  const lines = [
    key.name,
    `removed ${day}`,
    `events ${countOf(leaves)}`,
    `size ${checkpoint.size}`,
    `root ${checkpoint.root.toString('base64')}`,
    ...leaves.map(([first, last]) => `leaves ${first}-${last}`),
  ]
  return signNote(`${lines.join('\n')}\n`, key)
}

const FORM =
  /^(?<origin>[^\n]+)\nremoved (?<day>\d{4}-\d\d-\d\d)\nevents (?<count>\d{1,15})\nsize (?<size>\d{1,15})\nroot (?<root>[\w+/]{43}=)\n(?<leaves>(?:leaves \d{1,15}-\d{1,15}\n)*)$/

/** Whether `ranges` are in order, and no two touch. */
const isOrdered = (ranges: Ranges): boolean =>
  ranges.every(([first, last], at) => first <= last && first > (ranges[at - 1]?.[1] ?? -2) + 1)

/** What `note` says that was removed of `day`. Throws `ARCHIVE_DAMAGED` when it doesn't say that, or `key` has not signed it. */
export function openRemoved(note: string, day: string, key: VerifierKey): Removed {
  const { groups } = FORM.exec(verifyNote(note, key)) ?? {}
  const lines = (groups?.leaves ?? '').split('\n').slice(0, -1)
  const leaves = lines.map((line): Range => {
    const [first = 0, last = 0] = line.slice('leaves '.length).split('-').map(Number)
    return [first, last]
  })
  const isWhole = groups?.origin === key.name && groups.day === day && Number(groups.count) === countOf(leaves)
  if (!groups || !isWhole || !isOrdered(leaves)) {
    throw new RouterError(
      'ARCHIVE_DAMAGED',
      `The note of what was removed of ${day} is not of its form, or of another day or log.`,
    )
  }
  const checkpoint = { origin: key.name, size: Number(groups.size), root: Buffer.from(groups.root ?? '', 'base64') }
  return { day, checkpoint, leaves }
}
