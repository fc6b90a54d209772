import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild'
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

/**
 * Bundles every function into one self-contained file, `<outdir>/<name>.cjs`, with the registries of `registries` (a path) and the
 * sources that these use. Resolves to esbuild's account of what went in.
 */
export async function bundle(outdir = resolve(root, BUILD_DIR), registries = registriesFile()): Promise<Metafile> {
  // What is no registry is told by the check of the list, not here.
  const used = new Set((await loadRegistries(registries)).map((registry) => registry?.source))
  rmSync(outdir, { recursive: true, force: true })
  const { metafile } = await build({
    entryPoints: functionNames.map((name) => resolve(root, 'functions', `${name}.ts`)),
    outdir,
    ...options,
    metafile: true,
    plugins: [registriesFrom(registries), onlySources(used)],
    absWorkingDir: root,
  })
  return metafile
}
