import { readdirSync, rmSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild'

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
const otherRegistries = (file: string): Plugin => ({
  name: 'registries',
  setup(builder) {
    builder.onResolve({ filter: /\.\.\/registries\.ts$/ }, (args) =>
      args.resolveDir === resolve(root, 'lib') ? { path: resolve(file) } : undefined,
    )
  },
})

/**
 * Bundles every function into one self-contained file, `<outdir>/<name>.cjs`, with its registries taken from `registries`
 * (a path; `registries.ts` of the project if left out). Resolves to esbuild's account of what went in.
 */
export async function bundle(
  outdir = resolve(root, BUILD_DIR),
  registries = process.env.REGISTRIES,
): Promise<Metafile> {
  rmSync(outdir, { recursive: true, force: true })
  const { metafile } = await build({
    entryPoints: functionNames.map((name) => resolve(root, 'functions', `${name}.ts`)),
    outdir,
    ...options,
    metafile: true,
    plugins: registries ? [otherRegistries(registries)] : [],
    absWorkingDir: root,
  })
  return metafile
}
