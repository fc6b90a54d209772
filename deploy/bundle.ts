import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { actions } from '../lib/actions.ts'
import { loadRegistries, registriesFile } from './registries.ts'

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
} as const satisfies BuildOptions

/** Takes the registries from `file` instead of `registries.ts`. */
const registriesFrom = (file: string): Plugin => ({
  name: 'registries',
  setup(builder) {
    builder.onResolve({ filter: /\.\.\/registries\.ts$/ }, (args) =>
      args.resolveDir === resolve(root, 'lib') ? { path: file } : undefined,
    )
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
/** The functions that carry all of it: the one that answers `GET /actions`, and the router. */
const READERS: ReadonlySet<string> = new Set(['webhook', 'router'])

/**
 * Writes the action table with every column's name once instead of once a row, and with the columns that `keep` takes. The rows
 * that the functions get are the same.
 */
const packedActions = (keep: (column: string) => boolean): Plugin => ({
  name: 'actions',
  setup(builder) {
    builder.onLoad({ filter: /[\\/]lib[\\/]actions\.ts$/ }, () => {
      const columns = Object.keys(actions[0]).filter(keep) as (keyof (typeof actions)[number])[]
      const rows = actions.map((row) => columns.map((column) => row[column]))
      const contents = `export const actions = ${JSON.stringify(rows)}.map(([${columns}]) => ({ ${columns} }))`
      return { contents, loader: 'js' }
    })
  },
})

/**
 * Bundles every function into one self-contained file, `<outdir>/<name>.cjs`, with the registries of `registries` (a path) and the
 * sources that these use.
 */
export async function bundle(outdir = resolve(root, BUILD_DIR), registries = registriesFile()): Promise<void> {
  // What is no registry is told by the check of the list, not here.
  const used = new Set((await loadRegistries(registries)).map((registry) => registry?.source))
  rmSync(outdir, { recursive: true, force: true })
  const make = (names: readonly string[], keep: (column: string) => boolean) =>
    build({
      entryPoints: names.map((name) => resolve(root, 'functions', `${name}.ts`)),
      outdir,
      ...options,
      plugins: [registriesFrom(registries), onlySources(used), packedActions(keep)],
      absWorkingDir: root,
    })
  await Promise.all([
    make([...READERS], () => true),
    make(
      functionNames.filter((name) => !READERS.has(name)),
      (column) => !READ_ELSEWHERE.has(column),
    ),
  ])
}
