import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type BuildOptions, build, type Plugin } from 'esbuild'

const folder = resolve(import.meta.dirname, '../web')

const options = {
  bundle: true,
  minify: true,
  write: false,
  format: 'esm',
  platform: 'browser',
  // Browsers that have Ed25519 in WebCrypto: without it no proof can be checked.
  target: ['chrome137', 'firefox130', 'safari18'],
  legalComments: 'none',
  charset: 'utf8',
  // What web/tsconfig.json says of JSX is for the types; calls of `h` are shorter than those that it stands for.
  tsconfigRaw: {},
  jsx: 'transform',
  jsxFactory: 'h',
  jsxFragment: 'Fragment',
  inject: [resolve(folder, 'jsx.ts')],
  absWorkingDir: folder,
} as const satisfies BuildOptions

/** The files that are served as they are. */
const asTheyAre = ['index.html', 'viewer.svg', 'icons.svg']
/** And those that are made, of which. */
const madeOf = { 'viewer.js': 'main.tsx', 'viewer.css': 'viewer.css' }

/** Every path that the viewer is served at. */
export const viewerPaths: readonly string[] = [
  '/',
  ...[...Object.keys(madeOf), ...asTheyAre].map((name) => `/${name}`).filter((path) => path !== '/index.html'),
]

async function made(entry: string): Promise<string> {
  const { outputFiles } = await build({ ...options, entryPoints: [resolve(folder, entry)] })
  return outputFiles.map(({ text }) => text).join('')
}

/** Makes the viewer: its files by path (`/viewer.js`), whole and minified, with nothing that is loaded from elsewhere. */
export async function makeViewer(): Promise<Record<string, string>> {
  const bundled = Object.entries(madeOf).map(async ([name, entry]) => [`/${name}`, await made(entry)] as const)
  const copied = asTheyAre.map((name) => [`/${name}`, readFileSync(resolve(folder, name), 'utf8')] as const)
  return Object.fromEntries([...(await Promise.all(bundled)), ...copied])
}

/** Puts the viewer into the function that serves it: `lib/search/viewer-files.ts` has no files in the sources. */
export const withViewer: Plugin = {
  name: 'viewer',
  setup(builder) {
    builder.onLoad({ filter: /[\\/]lib[\\/]search[\\/]viewer-files\.ts$/ }, async () => ({
      contents: `export const viewerFiles = ${JSON.stringify(await makeViewer())}`,
      loader: 'js',
    }))
  },
}
