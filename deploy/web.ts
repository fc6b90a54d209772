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
  // What web/tsconfig.json says of JSX is for the types; calls of `h` are shorter than those that it stands for.
  tsconfigRaw: {},
  jsx: 'transform',
  jsxFactory: 'h',
  jsxFragment: 'Fragment',
  inject: [resolve(folder, 'jsx.ts')],
  absWorkingDir: folder,
} as const satisfies BuildOptions

async function made(entry: string): Promise<string> {
  const { outputFiles } = await build({ ...options, entryPoints: [resolve(folder, entry)] })
  return outputFiles.map(({ text }) => text).join('')
}

const asIs = (name: string): string => readFileSync(resolve(folder, name), 'utf8')

/** Makes the viewer: its files by path (`/viewer.js`), whole and minified, with nothing that is loaded from elsewhere. */
export async function makeViewer(): Promise<Record<string, string>> {
  const [script, style] = await Promise.all([made('main.tsx'), made('viewer.css')])
  return {
    '/index.html': asIs('index.html'),
    '/viewer.js': script,
    '/viewer.css': style,
    '/viewer.svg': asIs('viewer.svg'),
    '/icons.svg': asIs('icons.svg'),
  }
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
