import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { bundle, options } from '../deploy/bundle.ts'

/** The clients that could have carried the hot path; `aws4` is the one that does. */
export const clients = ['aws4', 'sdk', 'aws4fetch'] as const

export type Client = (typeof clients)[number]

const here = (file: string): string => resolve(import.meta.dirname, file)

/**
 * Packages the functions into `folder` as a deployment does, and with the same options what they are compared with, and the
 * programs that run in processes of their own. Resolves to what finds a bundle's file by its name: `functions/image`, `bench/baseline`.
 */
export async function makeBundles(folder: string): Promise<(name: string) => string> {
  await bundle(join(folder, 'functions'), here('registries.ts'))
  await build({
    entryPoints: ['baseline.ts', 'first.ts', 'batches.ts', ...clients.map((name) => `clients/${name}.ts`)].map(here),
    outdir: join(folder, 'bench'),
    outbase: import.meta.dirname,
    ...options,
  })
  return (name) => join(folder, `${name}.cjs`)
}

/** Size of `file` in KiB. */
export const kibibytes = (file: string): number => statSync(file).size / 1024
