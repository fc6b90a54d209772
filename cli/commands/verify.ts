import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { InvalidArgumentError, Option } from 'commander'
import { environment, readConfig } from '../../lib/config.ts'
import { type Report, verifyArchive } from '../../lib/verify/archive.ts'
import { type Finding, kinds } from '../../lib/verify/findings.ts'
import { readMemory, remember, type SeenLog } from '../../lib/verify/memory.ts'
import { parseKey } from '../../lib/verify/note.ts'
import { verifyProof } from '../../lib/verify/proof.ts'
import type { Call, CommonOptions, Spec } from '../command.ts'
import { CommandError, counted, type Exit } from '../exits.ts'
import { table } from '../terminal.ts'

interface Options extends CommonOptions {
  dir?: string
  location?: string
  key?: string[]
  /** `false` with `--no-remember`. */
  remember?: string | false
  later?: string[]
  proof?: string
  entry?: string
}

/** A folder with one archive. */
interface Archive {
  root: string
  /** As its folder is called, when it lies among others. */
  location: string | undefined
}

const usage = (message: string) => new CommandError('usage', message)

/** What `work` makes; an `Error` becomes a mistake of the caller. */
function plainly<Value>(work: () => Value): Value {
  try {
    return work()
  } catch (error) {
    throw usage((error as Error).message)
  }
}

const isArchive = (root: string): boolean => ['log', 'events', 'journal'].some((name) => existsSync(join(root, name)))

/** Names of the folders in `root`; `undefined` when it can't be read. */
function folders(root: string): string[] | undefined {
  try {
    return readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
  } catch {
    return undefined
  }
}

/** The archives that lie in `root`. */
function archivesIn(root: string, location: string | undefined): Archive[] {
  if (location === undefined && isArchive(root)) return [{ root, location: undefined }]
  const among = folders(root) ?? []
  if (location !== undefined && !among.includes(location) && isArchive(root)) return [{ root, location }]
  const found = among.filter((name) => (location === undefined ? isArchive(join(root, name)) : name === location))
  return found.map((name) => ({ root: join(root, name), location: name }))
}

/** The archives that were seen in `root` before, whatever is left of them. */
function archivesSeen(root: string, location: string | undefined, logs: readonly SeenLog[]): Archive[] {
  const seen = [...new Set(logs.flatMap(({ archives }) => archives))].sort()
  const inside = seen
    .filter((archive) => dirname(archive) === root)
    .map((archive) => ({ root: archive, location: basename(archive) }))
  const own = seen.filter((archive) => archive === root).map((archive) => ({ root: archive, location }))
  return [...own, ...inside.filter((archive) => location === undefined || archive.location === location)]
}

/** The archives that are meant: those that are there, and those of which it is remembered that they were. */
function archivesOf({ dir, location }: Options, logs: readonly SeenLog[]): Archive[] {
  const root = resolve(dir ?? join(plainly(() => readConfig()).stateDir, 'archive'))
  const found = archivesIn(root, location)
  const gone = archivesSeen(root, location, logs).filter((seen) => !found.some((archive) => archive.root === seen.root))
  if (found.length + gone.length > 0) return [...found, ...gone]
  throw usage(
    `There is no archive${location === undefined ? '' : ` of ${location}`} in ${root}: say where it is with --dir. One that lies in a bucket has to be copied first (docs/verify.md).`,
  )
}

/** The key that was given for an archive; `undefined` when none was given at all. */
function keyFor({ root, location }: Archive, keys: readonly string[]): string | undefined {
  const [first] = keys
  if (first === undefined || (location === undefined && keys.length === 1)) return first
  const own = keys.find((key) => parseKey(key)?.name.split('/').at(-1) === location)
  // Whose archive it was that is gone is remembered.
  if (own !== undefined || !isArchive(root)) return own
  throw usage(`None of the keys is of the log in ${root}: the name of a log ends with its location.`)
}

const memoryFile = ({ remember: file, dir }: Options): string | undefined => {
  if (file === false) return undefined
  if (file !== undefined) return resolve(file)
  // Every local emulation has logs of the same names, with keys of its own: what is remembered of them ends with their state.
  if (dir === undefined) return join(resolve(plainly(() => readConfig()).stateDir), 'checkpoints')
  return join(environment().XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'registry-events', 'checkpoints')
}

const leafText = ({ leaf, lastLeaf }: Finding): string => {
  if (leaf === undefined) return ''
  return lastLeaf === undefined ? String(leaf) : `${leaf}-${lastLeaf}`
}

type Terminal = Call<Options>['terminal']

/** What was found, and what to do about it. */
function tellFindings(terminal: Terminal, findings: readonly Finding[], found: Report['found']): void {
  if (findings.length === 0) return
  const cells = findings.map((finding) => [
    finding.code,
    leafText(finding),
    finding.id ?? '',
    finding.message,
    finding.file ?? '',
  ])
  terminal.print(table(['code', 'leaf', 'id', 'what is wrong', 'file'], cells))
  for (const code of new Set(findings.map((finding) => finding.code))) {
    const count = found[code] ?? 0
    terminal.print(`${code} (${count}): ${kinds[code].means}. What to do: ${kinds[code].todo}.`)
  }
}

const trustText: Readonly<Record<NonNullable<Report['key']>['trust'], string>> = {
  given: 'the key that was given',
  remembered: 'the key that was remembered',
  'first use': 'the key that lies in the archive',
}

function headline({ archive, location, size, root, counts, key, isWhole, found }: Report): string {
  const name = location ?? archive
  const removed = counts.removed > 0 ? `, ${counts.removed} removed under retention` : ''
  const what = `${counted(size ?? 0, 'leaf').replace('leafs', 'leaves')}, ${counted(counts.rows, 'row')} in ${counted(counts.files, 'file')}${removed}`
  const by = key ? trustText[key.trust] : 'no key'
  const all = Object.values(found).reduce((sum, count) => sum + count, 0)
  return isWhole
    ? `${name}: whole. ${what}; root ${root ?? 'none'}, signed by ${by}.`
    : `${name}: NOT as it was archived, ${counted(all, 'finding')}. ${what}.`
}

function tell(terminal: Terminal, report: Report): void {
  terminal.json(report)
  terminal.print(headline(report))
  tellFindings(terminal, report.findings, report.found)
  for (const text of report.told) terminal.note(text)
}

/** Events after which it is worth saying how far it is, and how often at most. */
const STEP = 50_000
const MOST_STEPS = 50

/** `tell`, but not after each file. */
function seldom(tell: (done: number, total: number) => void): (done: number, total: number) => void {
  let told = 0
  return (done, total) => {
    if (done - told < Math.max(STEP, total / MOST_STEPS)) return
    told = done
    tell(done, total)
  }
}

/** Verifies one archive. Resolves to whether it is whole. */
async function verifyOne(
  archive: Archive,
  file: string | undefined,
  { options, terminal, signal }: Call<Options>,
): Promise<boolean> {
  const name = archive.location ?? archive.root
  const report = await verifyArchive(archive.root, {
    key: keyFor(archive, options.key ?? []),
    remembered: file === undefined ? [] : plainly(() => readMemory(file)),
    location: archive.location,
    later: (options.later ?? []).map((path) => plainly(() => readFileSync(path))),
    signal,
    onProgress: seldom((done, total) => terminal.progress(`verified of ${name},`, done, total)),
  })
  tell(terminal, report)
  if (file !== undefined && report.seen) {
    const { seen } = report
    plainly(() => remember(file, seen))
  }
  return report.isWhole
}

/** Verifies one proof. */
function verifyOneProof({ options, terminal }: Call<Options>): Exit {
  const read = (path: string) => plainly(() => readFileSync(path, 'utf8'))
  const proof = read(options.proof ?? '')
  const entry = options.entry === undefined ? undefined : read(options.entry).replace(/\n$/, '')
  const report = plainly(() => verifyProof(proof, { key: options.key?.[0], entry }))
  terminal.json(report)
  if (report.isWhole) {
    terminal.print(
      `The event ${report.id ?? ''} is leaf ${report.leaf} of ${report.origin}, which had ${report.size} leaves and the root ${report.root}.`,
    )
  }
  tellFindings(terminal, report.findings, Object.fromEntries(report.findings.map(({ code }) => [code, 1])))
  for (const text of report.told) terminal.note(text)
  return report.isWhole ? 'ok' : 'damaged'
}

const checkedKey = (text: string, before: string[] = []): string[] => {
  if (parseKey(text) === undefined) throw new InvalidArgumentError('Write it like <origin>+<id>+<base64>.')
  return [...before, text]
}

const listed = (path: string, before: string[] = []): string[] => [...before, path]

/** `verify` */
export const verify: Spec<Options> = {
  usage: 'verify',
  summary: 'find out whether an archive, or a proof, is what was once signed; reads files only',
  queueless: true,
  options: [
    new Option('--dir <folder>', 'the archive, or a folder of archives; STATE_DIR/archive if left out'),
    new Option('--location <location>', 'only the archive of this location'),
    new Option('--key <key>', 'verifier key of the log, from elsewhere than the archive; may be repeated').argParser(
      checkedKey,
    ),
    new Option(
      '--later <file>',
      'checkpoint that was copied after everything else: what was archived meanwhile is nothing wrong; may be repeated',
    ).argParser(listed),
    new Option('--remember <file>', 'where the checkpoints that were seen are remembered'),
    new Option('--no-remember', 'neither ask what was seen before, nor remember it'),
    new Option('--proof <file>', 'verify this proof instead: the JSON or the text of GET /events/{id}/proof'),
    new Option('--entry <file>', 'canonical JSON of the event, for a proof that does not hold it'),
  ],
  async run(call) {
    const { options, signal } = call
    if (options.proof !== undefined) return verifyOneProof(call)
    let isWhole = true
    const file = memoryFile(options)
    const logs = file === undefined ? [] : plainly(() => readMemory(file))
    for (const archive of archivesOf(options, logs)) {
      signal.throwIfAborted()
      isWhole = (await verifyOne(archive, file, call)) && isWhole
    }
    return isWhole ? 'ok' : 'damaged'
  },
}
