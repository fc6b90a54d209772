#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { resolve } from 'node:path'

// Most of the time that a command takes to start goes into reading its sources. The cache lies in the project, because whoever could
// write it would run as whoever calls.
enableCompileCache(resolve(import.meta.dirname, '../node_modules/.cache/registry-events'))
// Nobody reads on, as with `| head`: what was still to be written may come back as an error after the command has ended.
process.stdout.on('error', () => undefined)
const { main } = await import('./program.ts')
process.exitCode = await main(process.argv.slice(2))
