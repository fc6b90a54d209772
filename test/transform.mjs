import { transformSync } from 'esbuild'

// jest runs the sources as ES modules; esbuild takes the types away, `npm run types` checks them.
export default {
  process(source, filename) {
    const { code, map } = transformSync(source, {
      loader: 'ts',
      format: 'esm',
      target: 'node24',
      sourcemap: 'external',
      sourcefile: filename,
    })
    return { code, map }
  },
}
