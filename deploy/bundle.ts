import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { actions } from '../lib/actions.ts'
import * as locations from '../lib/locations.ts'
import { archiveFile } from './archive.ts'
import { loadRegistries, registriesFile } from './registries.ts'
import { withViewer } from './web.ts'

const root = resolve(import.meta.dirname, '..')

/** Where the bundled functions lie, relative to the project. */
export const BUILD_DIR = '.build/functions'

/** The names of all deployed functions: one file of `functions/` each. */
export const functionNames: readonly string[] = readdirSync(resolve(root, 'functions'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => basename(file, '.ts'))
  .sort()

/** How a function is bundled: one file with all that it needs, for Lambda's Node. */
export const options = {
  outExtension: { '.js': '.cjs' },
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  legalComments: 'none',
  // Only where files are searched on one machine, and larger than a function may be.
  external: ['@duckdb/node-api'],
} as const satisfies BuildOptions

/** Takes the list of registries and the settings of the archives from these files instead of those of the project. */
const settingsFrom = (files: Readonly<Record<'registries' | 'archive', string>>): Plugin => ({
  name: 'settings',
  setup(builder) {
    builder.onResolve({ filter: /^(?:\.\.\/)+(?:registries|archive)\.ts$/ }, ({ path, resolveDir }) => {
      const file = files[basename(path, '.ts') as keyof typeof files]
      return resolve(resolveDir, path) === resolve(root, basename(path)) ? { path: file } : undefined
    })
  },
})

/** Leaves the sources that no registry uses out of the table of sources: a function carries what its registries need. */
const onlySources = (used: ReadonlySet<string>): Plugin => ({
  name: 'sources',
  setup(builder) {
    builder.onLoad({ filter: /[\\/]lib[\\/]sources[\\/]index\.ts$/ }, ({ path }) => {
      const isNeeded = (line: string) => {
        const [, imported, listed] = /^import \* as (\w+) from|^ {2}(\w+): \2\./.exec(line) ?? []
        const name = imported ?? listed
        return name === undefined || used.has(name)
      }
      return { contents: readFileSync(path, 'utf8').split('\n').filter(isNeeded).join('\n'), loader: 'ts' }
    })
  },
})

/** Columns of the action table that only `GET /actions`, the docs, and the router's formats read. */
const READ_ELSEWHERE: ReadonlySet<string> = new Set(['description', 'listed', 'cadf'])
/** The functions that carry all of it: the one that answers `GET /actions`, the router, and the one that explains events. */
const READERS: ReadonlySet<string> = new Set(['webhook', 'router', 'search'])
/** The function that carries all sources: it explains events of registries that are long gone. */
const EXPLAINS = 'search'

const isTable = (value: unknown): value is readonly Record<string, unknown>[] =>
  Array.isArray(value) && value.every((row) => typeof row === 'object' && row !== null)

/** The value as code; of a table every column's name once instead of once a row, and the columns that `keep` takes. */
function packed(value: unknown, keep: (column: string) => boolean): string {
  if (!isTable(value)) return JSON.stringify(value)
  const columns = Object.keys(value[0] ?? {}).filter(keep)
  const rows = value.map((row) => columns.map((column) => row[column]))
  return `${JSON.stringify(rows)}.map(([${columns}]) => ({ ${columns} }))`
}

/** Packs the tables of actions and locations. What the functions get of them is the same. */
const packedTables = (keep: (column: string) => boolean): Plugin => ({
  name: 'tables',
  setup(builder) {
    builder.onLoad({ filter: /[\\/]lib[\\/](?:actions|locations)\.ts$/ }, ({ path }) => {
      const tables: object = path.endsWith('actions.ts') ? { actions } : { ...locations }
      const lines = Object.entries(tables).map(([name, value]) => `export const ${name} = ${packed(value, keep)}`)
      return { contents: lines.join('\n'), loader: 'js' }
    })
  },
})

/** Leaves out what the schema of an activity says of its fields for the published schema: what is checked stays the same. */
const withoutDescriptions: Plugin = {
  name: 'descriptions',
  setup(builder) {
    builder.onLoad({ filter: /[\\/]lib[\\/]activity\.ts$/ }, ({ path }) => {
      const contents = readFileSync(path, 'utf8').replaceAll(/,\s*v\.description\(\s*'[^']*',?\s*\)/g, '')
      return { contents, loader: 'ts' }
    })
  },
}

/**
 * Bundles every function into one self-contained file, `<outdir>/<name>.cjs`, with the registries of `registries` (a path) and the
 * sources that these use.
 */
export async function bundle(outdir = resolve(root, BUILD_DIR), registries = registriesFile()): Promise<void> {
  // What is no registry is told by the check of the list, not here.
  const used = new Set((await loadRegistries(registries)).map((registry) => registry?.source))
  rmSync(outdir, { recursive: true, force: true })
  const make = (names: readonly string[], keep: (column: string) => boolean, ...more: readonly Plugin[]) =>
    build({
      entryPoints: names.map((name) => resolve(root, 'functions', `${name}.ts`)),
      outdir,
      ...options,
      plugins: [settingsFrom({ registries, archive: archiveFile() }), packedTables(keep), withoutDescriptions, ...more],
      absWorkingDir: root,
    })
  const own = onlySources(used)
  await Promise.all([
    make([EXPLAINS], () => true, withViewer),
    make(
      [...READERS].filter((name) => name !== EXPLAINS),
      () => true,
      own,
    ),
    make(
      functionNames.filter((name) => !READERS.has(name)),
      (column) => !READ_ELSEWHERE.has(column),
      own,
    ),
  ])
}
