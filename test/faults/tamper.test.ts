import { cpSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Row } from '../../lib/archive/row.ts'
import { parseCheckpoint, signCheckpoint } from '../../lib/proof/checkpoint.ts'
import { logKey, signNote } from '../../lib/proof/note.ts'
import { files } from '../../lib/stores/files.ts'
import { type Report, type VerifyOptions, verifyArchive } from '../../lib/verify/archive.ts'
import type { Finding, FindingCode } from '../../lib/verify/findings.ts'
import type { SeenLog } from '../../lib/verify/memory.ts'
import { archiveAll, arrivalOf, entryOf, sampleEvents, sampleKey } from '../archive.ts'
import {
  add,
  clean,
  copyOf,
  eventFiles,
  flip,
  folder,
  move,
  put,
  read,
  remove,
  rewrite,
  rowsOf,
  truncate,
  write,
} from '../verify/tampering.ts'

// Each kind of tampering, on a log of 10,000 events: found, and named.

const COUNT = 10_000
const key = sampleKey()
const foreign = logKey(key.name, Buffer.alloc(32, 9))
const ID = 'c0ffee00-0000-5000-8000-000000000000'

/** The archive, as it was with 7,500 events, as it is, and as it would be when one event was another one from the beginning on. */
let before: string
let whole: string
let other: string
/** 600 events of three days, for what does not depend on how many there are. */
let small: string
let untouched: Report
let asBefore: Report

/** The leaf of the event that is another one in `other`. */
const CHANGED = 4321

beforeAll(async () => {
  before = join(folder(), 'eu-de')
  whole = join(folder(), 'eu-de')
  other = join(folder(), 'eu-de')
  const events = [...sampleEvents(COUNT)]
  await archiveAll(files(before), events.slice(0, 7500), { batch: 2500 })
  cpSync(before, whole, { recursive: true })
  await archiveAll(files(whole), events.slice(7500), { batch: 2500 })
  await archiveAll(files(other), events.with(CHANGED, { ...events[CHANGED], id: ID } as (typeof events)[number]), {
    batch: 5000,
  })
  small = join(folder(), 'eu-de')
  await archiveAll(files(small), sampleEvents(600, { days: 3 }), { batch: 150 })
  untouched = await verifyArchive(whole)
  asBefore = await verifyArchive(before)
}, 120_000)

afterAll(clean)

/** What is found in the archive after `tamper` was at work, with the key of the log unless other options are given. */
async function found(
  tamper: (root: string) => unknown,
  options: VerifyOptions = { key: key.text },
  archive = whole,
): Promise<Report> {
  const root = copyOf(archive)
  await tamper(root)
  const report = await verifyArchive(root, options)
  rmSync(root, { recursive: true })
  return report
}

const foundInSmall = (tamper: (root: string) => unknown, options?: VerifyOptions) => found(tamper, options, small)

const codes = ({ found: counts }: Report): FindingCode[] => Object.keys(counts).sort() as FindingCode[]
const only = ({ findings }: Report, code: FindingCode): Finding[] => findings.filter((finding) => finding.code === code)

const seenOf = ({ seen }: Report): SeenLog[] => (seen ? [seen] : [])

const replaceBy = (archive: string, root: string) => {
  rmSync(root, { recursive: true })
  cpSync(archive, root, { recursive: true })
}

const FULL_TILE = 'log/tile/0/017'
const LAST_TILE = 'log/tile/0/039.p/16'
const UPPER_TILE = 'log/tile/1/000.p/39'
/** A file of events in the middle of the log. */
const some = (root: string): string => eventFiles(root)[5] as string

test('an archive as it was written is whole', () => {
  expect(untouched).toMatchObject({
    isWhole: true,
    findings: [],
    origin: key.name,
    size: COUNT,
    key: { text: key.text, trust: 'first use' },
    counts: { rows: COUNT, removed: 0 },
    seen: { origin: key.name, key: key.text, size: COUNT },
  })
  // A key that lies in the archive is believed when no other one is known, and that is told.
  expect(untouched.told.join()).toContain(key.text)
})

/** Changes a row of a file, and makes the name of the file fit. Returns its new name, and the row as it was. */
async function change(root: string, name: string, at: number, how: (row: Row) => void): Promise<Tampered> {
  let row: Row | undefined
  const file = await rewrite(root, name, (rows) => {
    row = structuredClone(rows[at])
    if (rows[at]) how(rows[at])
    return undefined
  })
  return { file, findings: [{ leaf: row?.leaf, id: row?.id }] }
}

/** A file that was tampered with, and what has to be found about it. */
interface Tampered {
  file: string | undefined
  findings: object[]
}

/** What is done to one file each, all in the same archive: what has to be found about it is of this code. */
const deeds: [string, FindingCode, (root: string, name: string) => Tampered | Promise<Tampered>][] = [
  [
    'a flipped bit',
    'FILE_CHANGED',
    (root, file) => {
      // In the name of the writer, which tells nothing about events.
      flip(root, file, readFileSync(join(root, file)).lastIndexOf('hyparquet'), 3)
      return { file, findings: [{}] }
    },
  ],
  [
    'a removed event',
    'EVENT_MISSING',
    async (root, name) => {
      const [row] = (await rowsOf(root, name)).slice(11)
      await rewrite(root, name, (rows) => rows.toSpliced(11, 1))
      return { file: undefined, findings: [{ leaf: row?.leaf }] }
    },
  ],
  [
    'a file that is gone',
    'EVENT_MISSING',
    async (root, name) => {
      const leaves = (await rowsOf(root, name)).map(({ leaf }) => leaf)
      remove(root, name)
      return { file: undefined, findings: [{ leaf: Math.min(...leaves), lastLeaf: Math.max(...leaves) }] }
    },
  ],
  [
    'an event that is added under a number that is taken',
    'EVENT_ADDED',
    async (root, name) => {
      const [row] = await rowsOf(root, name)
      const file = add(root, name, [{ ...(row as Row), id: ID }])
      return { file, findings: [{ leaf: row?.leaf, id: ID }] }
    },
  ],
  [
    'two swapped events',
    'EVENT_SWAPPED',
    async (root, name) => {
      let pair: Row[] = []
      const file = await rewrite(root, name, (rows) => {
        pair = [rows[20], rows[30]] as Row[]
        const [one = 0, two = 0] = pair.map(({ leaf }) => leaf)
        for (const [index, row] of pair.entries()) row.leaf = index === 0 ? two : one
        return undefined
      })
      const [lower, upper] = pair.toSorted((one, two) => one.leaf - two.leaf)
      return { file, findings: [{ leaf: lower?.leaf, lastLeaf: upper?.leaf, id: lower?.id }] }
    },
  ],
  [
    're-ordered events',
    'EVENT_MOVED',
    async (root, name) => {
      let three: Row[] = []
      const file = await rewrite(root, name, (rows) => {
        three = [rows[20], rows[30], rows[40]] as Row[]
        const leaves = three.map(({ leaf }) => leaf)
        for (const [index, row] of three.entries()) row.leaf = leaves[(index + 1) % 3] as number
        return undefined
      })
      return { file, findings: three.map(({ leaf, id }) => ({ leaf, id })) }
    },
  ],
  [
    'two rows that are not in the order of time',
    'ROWS_UNSORTED',
    async (root, name) => {
      const file = await rewrite(root, name, (rows) => [
        ...rows.slice(50, 100),
        ...rows.slice(0, 50),
        ...rows.slice(100),
      ])
      return { file, findings: [{ leaf: (await rowsOf(root, file))[50]?.leaf }] }
    },
  ],
  [
    'a torn file',
    'FILE_UNREADABLE',
    (root, file) => {
      truncate(root, file, 3000)
      return { file, findings: [{}] }
    },
  ],
  [
    'a changed event in a file whose name was made to fit',
    'EVENT_CHANGED',
    (root, name) =>
      change(root, name, 3, (row) => {
        row.initiator_id = 'mallory'
        row.initiator_name = 'mallory'
      }),
  ],
  [
    'a column that lies: the text does not need it',
    'EVENT_MISFIT',
    (root, name) =>
      change(root, name, 4, (row) => {
        row.data_event = !row.data_event
      }),
  ],
  [
    'a column that lies: its value stands in the text',
    'EVENT_MISFIT',
    (root, name) =>
      change(root, name, 5, (row) => {
        row.event = row.event.replace('\u000b', row.agent ?? '')
        row.agent = 'curl'
      }),
  ],
  [
    'a column that lies: the text cuts what is added',
    'EVENT_MISFIT',
    (root, name) =>
      change(root, name, 6, (row) => {
        row.received_time = (row.received_time ?? 0) + 3
      }),
  ],
  [
    'columns that lie: they take in what stands beside them',
    'EVENT_MISFIT',
    async (root, name) => {
      let two: Row[] = []
      const file = await rewrite(root, name, (rows) => {
        two = rows.filter(({ event }) => event.includes('\u0008","addressType":"IPv4","agent"')).slice(7, 9)
        for (const row of two) {
          row.event = row.event.replace('\u0008","addressType":"IPv4', '\u0008')
          row.address = `${row.address}","addressType":"IPv4`
        }
        return undefined
      })
      return { file, findings: two.map(({ leaf, id }) => ({ leaf, id })) }
    },
  ],
  [
    'an event among those of another day',
    'WRONG_DAY',
    async (root, name) => {
      const [row] = await rowsOf(root, name)
      const file = add(root, name.replace(/day=[^/]+/, 'day=2026-09-01'), [row as Row])
      return { file, findings: [{ leaf: row?.leaf, id: row?.id }] }
    },
  ],
  [
    "a file in another location's folder",
    'FILE_MISPLACED',
    (root, name) => {
      const file = name.replace('location=eu-de', 'location=jp-tok')
      move(root, name, file)
      return { file, findings: [{}] }
    },
  ],
  [
    'a name that says another first leaf',
    'FILE_MISPLACED',
    (root, name) => {
      const file = name.replace(/\/0000/, '/0001')
      move(root, name, file)
      return { file, findings: [{}] }
    },
  ],
  [
    'a file that no archive has',
    'FILE_UNKNOWN',
    (root, name) => {
      const file = name.replace(/[^/]*$/, 'more.parquet')
      put(root, file, 'PAR1')
      return { file, findings: [{}] }
    },
  ],
]

describe('a file of events, and', () => {
  let report: Report
  let byThreads: Report
  const tampered: Tampered[] = []

  beforeAll(async () => {
    const root = copyOf(whole)
    const names = eventFiles(root)
    for (const [index, [, , deed]] of deeds.entries()) tampered.push(await deed(root, names[index + 3] as string))
    report = await verifyArchive(root, { key: key.text })
    byThreads = await verifyArchive(root, { key: key.text, threads: 2 })
  }, 60_000)

  test.each(deeds.map(([what, code], index) => [what, code, index] as const))('%s', (_, code, index) => {
    const { file, findings } = tampered[index] as Tampered
    const about = file === undefined ? report.findings : report.findings.filter((finding) => finding.file === file)
    const named = about.filter((finding) => finding.code === code)
    expect(named).toEqual(expect.arrayContaining(findings.map((finding) => expect.objectContaining(finding))))
    if (file !== undefined) expect(named).toHaveLength(findings.length)
  })

  test('nothing else', () => {
    const counts = [...Map.groupBy(deeds, ([, code]) => code)].map(([code, of]) => [code, of.length])
    expect(report.found).toEqual({
      ...Object.fromEntries(counts),
      // The torn file: its digest, and its events.
      FILE_CHANGED: 2,
      EVENT_MISSING: 3,
      EVENT_MOVED: 3,
      EVENT_MISFIT: 5,
    })
    expect(report.isWhole).toBe(false)
  })

  test('several threads find what one finds', () => {
    const sorted = ({ findings }: Report) => findings.map((finding) => JSON.stringify(finding)).sort()
    expect(sorted(byThreads)).toEqual(sorted(report))
    expect(byThreads.counts).toEqual(report.counts)
  })
})

test('an event that is removed while all later ones of its file take its numbers', async () => {
  let leaves: number[] = []
  const report = await found((root) =>
    rewrite(root, some(root), (rows) => {
      leaves = rows.map(({ leaf }) => leaf).sort((one, two) => one - two)
      return rows.filter(({ leaf }) => leaf !== leaves[0]).map((row) => ({ ...row, leaf: row.leaf - 1 }))
    }),
  )
  expect(codes(report)).toEqual(['EVENT_MISSING', 'EVENT_MOVED'])
  // The first of them takes the number of the one before, which is in its place in another file.
  expect(only(report, 'EVENT_MISSING')).toMatchObject([{ leaf: leaves[0] }])
  expect(report.found.EVENT_MOVED).toBe(leaves.length - 1)
})

test.each([
  ['a full tile', FULL_TILE, 100],
  ['the last tile', LAST_TILE, 100],
  ['a tile of an upper level', UPPER_TILE, 1000],
])('a flipped bit in %s', async (_, name, byte) => {
  const report = await found((root) => flip(root, name, byte, 5))
  expect(codes(report)).toEqual(['TILE_CHANGED'])
  expect(report.findings).toMatchObject([{ file: name }])
})

test('missing and torn tiles', async () => {
  const torn = 'log/tile/0/030'
  const report = await found((root) => {
    for (const name of [FULL_TILE, LAST_TILE]) remove(root, name)
    truncate(root, torn, 8000)
  })
  expect(report.found).toEqual({ TILE_MISSING: 2, TILE_CHANGED: 1 })
  expect(only(report, 'TILE_MISSING')).toMatchObject([{ file: FULL_TILE }, { file: LAST_TILE }])
  expect(only(report, 'TILE_CHANGED')).toMatchObject([{ file: torn }])
  expect(report.seen).not.toBeNull()
  expect((await found((root) => remove(root, UPPER_TILE))).findings).toMatchObject([
    { code: 'TILE_MISSING', file: UPPER_TILE },
  ])
})

test('a flipped bit in the checkpoint', async () => {
  // The last digit of the size.
  const report = await found((root) => flip(root, 'log/checkpoint', key.name.length + 5, 0))
  expect(codes(report)).toContain('SIGNATURE_WRONG')
  expect(report.isWhole).toBe(false)
  expect(report.seen).toBeNull()
})

test('a flipped bit in the key', async () => {
  const tamper = (root: string) => flip(root, 'log/key', key.text.length - 10)
  expect(codes(await foundInSmall(tamper))).toEqual(['KEY_CHANGED'])
  expect(codes(await foundInSmall(tamper, {}))).toEqual(['FOREIGN_KEY', 'KEY_CHANGED'])
})

test('a checkpoint and a key that are missing', async () => {
  expect(codes(await foundInSmall((root) => remove(root, 'log/checkpoint')))).toEqual(['CHECKPOINT_MISSING'])
  expect(codes(await foundInSmall((root) => remove(root, 'log/key')))).toEqual(['KEY_CHANGED'])
})

test('an event that is added behind the last one', async () => {
  let name = ''
  const report = await found(async (root) => {
    const [row] = await rowsOf(root, some(root))
    name = add(root, some(root), [{ ...(row as Row), leaf: COUNT, id: ID }])
  })
  expect(codes(report)).toEqual(['BEYOND_CHECKPOINT'])
  expect(report.findings).toMatchObject([{ file: name, leaf: COUNT }])
})

test('a log that is cut, under the newest checkpoint', async () => {
  const report = await found((root) => {
    replaceBy(before, root)
    cpSync(join(whole, 'log/checkpoint'), join(root, 'log/checkpoint'))
  })
  expect(codes(report)).toEqual(expect.arrayContaining(['EVENT_MISSING', 'TILE_MISSING']))
  expect(only(report, 'EVENT_MISSING')).toMatchObject([{ leaf: 7500, lastLeaf: COUNT - 1 }])
})

test('a roll-back to an older checkpoint is seen by what lies beyond it', async () => {
  const report = await found((root) => cpSync(join(before, 'log/checkpoint'), join(root, 'log/checkpoint')))
  expect(codes(report)).toEqual(['BEYOND_CHECKPOINT'])
})

test('a roll-back of everything is seen by who remembers, and by nobody else', async () => {
  const report = await found((root) => replaceBy(before, root), { remembered: seenOf(untouched) })
  expect(codes(report)).toEqual(['ROLLED_BACK'])
  expect(report.seen).toBeNull()
  expect(asBefore.isWhole).toBe(true)
})

test('a log that has grown is the one that was remembered', async () => {
  const report = await found(() => {}, { remembered: seenOf(asBefore) })
  expect(report).toMatchObject({ isWhole: true, key: { trust: 'remembered' }, seen: { size: COUNT } })
})

test('an archive that was written anew by somebody who has the key is a fork', async () => {
  expect(codes(await verifyArchive(other, { remembered: seenOf(untouched) }))).toEqual(['FORKED'])
  expect(codes(await verifyArchive(other, { remembered: seenOf(asBefore) }))).toEqual(['FORKED'])
})

test('tiles and events that were written anew by somebody who has no key', async () => {
  const report = await found((root) => {
    replaceBy(other, root)
    cpSync(join(whole, 'log/checkpoint'), join(root, 'log/checkpoint'))
  })
  expect(codes(report)).toEqual(['ROOT_WRONG'])
})

test('an archive that was written anew under a key of somebody else', async () => {
  const anew = (root: string) => {
    replaceBy(other, root)
    const { size, root: hash } = parseCheckpoint(read(root, 'log/checkpoint'))
    put(root, 'log/checkpoint', signCheckpoint(size, hash, foreign))
    put(root, 'log/key', `${foreign.text}\n`)
  }
  expect(codes(await found(anew))).toEqual(['FOREIGN_KEY', 'KEY_CHANGED'])
  expect(codes(await found(anew, { remembered: seenOf(untouched) }))).toEqual(['FOREIGN_KEY', 'KEY_CHANGED'])
})

test('a changed event and the tile that its hash is in', async () => {
  const n = Math.floor(CHANGED / 256)
  const name = `log/tile/0/${String(n).padStart(3, '0')}`
  const report = await found(async (root) => {
    cpSync(join(other, name), join(root, name))
    const changed = (rows: Row[]) => rows.map((row) => (row.leaf === CHANGED ? { ...row, id: ID } : row))
    for (const file of eventFiles(root)) {
      const rows = await rowsOf(root, file)
      if (rows.some(({ leaf }) => leaf === CHANGED)) write(root, file, changed(rows))
    }
  })
  expect(codes(report)).toContain('TILE_CHANGED')
  expect(only(report, 'TILE_CHANGED')).toMatchObject([{ file: name }])
})

/** Removes the events of a day, and says so as `signer`. */
async function retain(root: string, signer = key): Promise<string> {
  const gone = eventFiles(root).filter((name) => name.includes('day=2026-10-03'))
  const leaves: number[] = []
  for (const name of gone) {
    leaves.push(...(await rowsOf(root, name)).map(({ leaf }) => leaf))
    remove(root, name)
  }
  const [from, to] = [Math.min(...leaves), Math.max(...leaves)]
  expect(to - from + 1).toBe(leaves.length)
  const { size, root: hash } = parseCheckpoint(read(root, 'log/checkpoint'))
  const text = `${key.name}\nremoved 2026-10-03\nevents ${leaves.length}\nsize ${size}\nroot ${hash.toString('base64')}\nleaves ${from}-${to}\n`
  put(root, 'removed/2026-10-03', signNote(text, signer))
  return 'removed/2026-10-03'
}

test('events that were removed under retention are not missed', async () => {
  const report = await foundInSmall((root) => retain(root))
  expect(report).toMatchObject({ isWhole: true, findings: [] })
  expect(report.counts.removed).toBeGreaterThan(100)
})

test('events that were removed are missed when the log did not say so', async () => {
  const forged = await foundInSmall((root) => retain(root, foreign))
  expect(codes(forged)).toEqual(['EVENT_MISSING', 'REMOVED_WRONG'])
  const flipped = await foundInSmall(async (root) => flip(root, await retain(root), 60))
  expect(codes(flipped)).toEqual(['EVENT_MISSING', 'REMOVED_WRONG'])
  const silent = await foundInSmall(async (root) => remove(root, await retain(root)))
  expect(codes(silent)).toEqual(['EVENT_MISSING'])
})

test('a compaction that was interrupted has nothing that is wrong', async () => {
  const report = await foundInSmall(async (root) => {
    const [one = '', two = ''] = eventFiles(root).filter((name) => name.includes('day=2026-10-03'))
    const rows = [...(await rowsOf(root, one)), ...(await rowsOf(root, two))]
    add(
      root,
      one,
      rows.sort((a, b) => (a.time ?? 0) - (b.time ?? 0)),
    )
  })
  expect(report).toMatchObject({ isWhole: true, findings: [] })
  expect(report.counts.rows).toBeGreaterThan(600)
})

test('what is under way is told, and is nothing wrong', async () => {
  const arrivals = [...sampleEvents(2500, { seed: 3 })].map(arrivalOf)
  const journal = 'journal/000000010000'
  const root = copyOf(whole)
  await archiveAll(files(root), sampleEvents(2500, { seed: 3 }), { batch: 2500 })
  cpSync(join(whole, 'log/checkpoint'), join(root, 'log/checkpoint'))
  put(root, journal, await entryOf(arrivals, 10_000))
  const report = await verifyArchive(root)
  expect(report.findings).toEqual([])
  expect(report.told.join()).toContain('2500 events')
  // Nothing explains what lies there when its journal entry says something else.
  flip(root, journal, 2000)
  const flipped = await verifyArchive(root)
  expect(codes(flipped)).toEqual(['BEYOND_CHECKPOINT', 'JOURNAL_DAMAGED'])
  expect(only(flipped, 'JOURNAL_DAMAGED')).toMatchObject([{ file: journal }])
})

test('leaves that are no canonical JSON are found although the log is right', async () => {
  const root = join(folder(), 'eu-de')
  const texts = ['{"b":1,"a":2}', '{"a":1.0}', '{"a":"\\u0041"}', '{"a":1,"a":1}', '{"a":1}']
  const { archiver } = await import('../../lib/archive/archive.ts')
  const archive = archiver({ store: files(root), location: 'eu-de', key, now: () => 1 })
  await archive.append(texts.map((text) => ({ text, routed: null })))
  const report = await verifyArchive(root)
  expect(report.found).toEqual({ EVENT_MISFIT: 4 })
  expect(report.findings.map(({ leaf }) => leaf)).toEqual([0, 1, 2, 3])
})

test('nothing at all is an archive in which nothing was archived yet, unless more was seen', async () => {
  const root = join(folder(), 'eu-de')
  const report = await verifyArchive(root)
  expect(report).toMatchObject({ isWhole: true, size: null, counts: { rows: 0 } })
  const remembered = seenOf(untouched).map((log) => ({ ...log, archives: [root] }))
  expect(codes(await verifyArchive(root, { remembered }))).toEqual(['ROLLED_BACK'])
})
