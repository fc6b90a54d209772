// DATA: everything that verifying an archive can find. `means` is what is wrong, `todo` what to do about it.

/** Code, what it means, and what to do. */
// biome-ignore format: one row a line
export const kinds = {
  CHECKPOINT_MISSING: { means: 'there is no checkpoint, although events were archived', todo: 'put `log/checkpoint` back from a version of the bucket or from a backup' },
  CHECKPOINT_UNREADABLE: { means: 'the checkpoint is no signed note, or does not say size and root', todo: 'put `log/checkpoint` back from a version of the bucket or from a backup' },
  SIGNATURE_WRONG: { means: 'the key of the log has not signed this text: it was changed after it was signed', todo: 'put the file back from a version of the bucket; find out who could write there' },
  FOREIGN_KEY: { means: 'it is signed by another key than that of the log', todo: 'do not trust the archive: somebody put a log of their own in its place. When the log was begun anew on purpose, give its key with `--key`' },
  KEY_CHANGED: { means: '`log/key` is not the key of the log, or no key', todo: 'put `log/key` back; whoever took his key from there has to be told' },
  ROLLED_BACK: { means: 'the checkpoint is older than one that was seen before, or gone altogether', todo: 'get the archive back as it was: whatever was archived in between is hidden' },
  FORKED: { means: 'the log contradicts a checkpoint that was seen before: its history was written anew by somebody who has the key', todo: 'treat the key of the log as stolen; compare with the archive that the other checkpoint belongs to' },
  BEYOND_CHECKPOINT: { means: 'there are events or tiles beyond the checkpoint that no signed journal entry explains: it is an older one, or they were added', todo: 'look for a newer `log/checkpoint` among the versions of the bucket' },
  ROOT_WRONG: { means: 'tiles and events do not have the root that was signed: they were written anew together, or several are damaged', todo: 'put the tiles back from versions of the bucket; the other findings tell which ones contradict each other' },
  TILE_MISSING: { means: 'a tile of the log is missing', todo: 'put the tile back; it can be worked out again from the events' },
  TILE_CHANGED: { means: 'a tile of the log is not what it was', todo: 'put the tile back; it can be worked out again from the events' },
  FILE_CHANGED: { means: 'a file of events is not the one that its name tells of', todo: 'put the file back from a version of the bucket' },
  FILE_UNREADABLE: { means: 'a file of events is torn, or no Parquet file of an archive', todo: 'put the file back from a version of the bucket' },
  FILE_MISLEADING: { means: 'a file of events says of itself what its rows do not, or what nobody asks it for: searches that believe it pass over events', todo: 'put the file back from a version of the bucket; ask again whatever was asked meanwhile' },
  FILE_MISPLACED: { means: 'a file of events lies in another location\'s archive, or its name is not that of its first event', todo: 'put it back to where it was; events never leave their location' },
  FILE_UNKNOWN: { means: 'a file that no archive has, or something else than a file in its place', todo: 'find out who put it there, and take it away' },
  EVENT_MISSING: { means: 'an event was removed, and nobody said so', todo: 'look for the files of that time among the versions of the bucket' },
  EVENT_CHANGED: { means: 'an event is not what was archived', todo: 'put the file back from a version of the bucket' },
  EVENT_ADDED: { means: 'an event that was never archived stands beside the one with its number', todo: 'take the file away, or put it back from a version of the bucket' },
  EVENT_SWAPPED: { means: 'two events have each other\'s numbers', todo: 'put the file back from a version of the bucket' },
  EVENT_MOVED: { means: 'an event has the number of another one', todo: 'put the file back from a version of the bucket' },
  EVENT_MISFIT: { means: 'a row contradicts itself: its columns do not say what the event says, or its text is not canonical JSON', todo: 'put the file back from a version of the bucket: searches believe the columns' },
  ROWS_UNSORTED: { means: 'the rows of a file are not sorted by time', todo: 'put the file back from a version of the bucket: searches pass over rows' },
  WRONG_DAY: { means: 'an event lies among those of another day', todo: 'put the file back from a version of the bucket: searches pass over days' },
  JOURNAL_DAMAGED: { means: 'a journal entry is damaged, or not signed by the log: it explains nothing', todo: 'put it back, or take it away: its events are still on the archive queue and are archived anew' },
  REMOVED_WRONG: { means: 'what says which events were removed is not signed by the log, or says what can\'t be', todo: 'put the file back from a version of the bucket' },
  PROOF_WRONG: { means: 'the proof does not lead from the event to the root that was signed', todo: 'ask for the proof again, elsewhere' },
  PROOF_UNREADABLE: { means: 'it is no proof of this project and no tlog-proof', todo: 'ask for the proof again: `GET /events/{id}/proof`' },
} as const satisfies Record<string, { means: string; todo: string }>

export type FindingCode = keyof typeof kinds

/** One thing that is wrong. */
export interface Finding {
  code: FindingCode
  /** What exactly is wrong. */
  message: string
  /** Name of the file in the archive. */
  file?: string
  /** The leaf, or the first and the last one of several. */
  leaf?: number
  lastLeaf?: number
  /** Id of the event, when it is known. */
  id?: string
}

/** More of a kind are only counted. */
const MOST = 100

/** Findings as they come up. */
export class Findings {
  readonly list: Finding[] = []
  /** How many there are of each kind, those that are not listed as well. */
  readonly counts: Partial<Record<FindingCode, number>> = {}

  add(finding: Finding): void {
    const count = (this.counts[finding.code] ?? 0) + 1
    this.counts[finding.code] = count
    if (count <= MOST) this.list.push(finding)
  }

  /** Takes in what another part found, of which it may have listed less than it counted. */
  take({ list, counts }: Pick<Findings, 'list' | 'counts'>): void {
    const before = { ...this.counts }
    for (const finding of list) this.add(finding)
    for (const [code, count] of Object.entries(counts)) {
      this.counts[code as FindingCode] = (before[code as FindingCode] ?? 0) + count
    }
  }
}
