import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { commands, groups } from '../../cli/commands/index.ts'
import { completion, type Shell, shells } from '../../cli/completion.ts'

// The script of each shell, read by that shell as somebody's own settings are: what it makes of `registry-events`, and what it offers.

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'completion-'))
  writeFileSync(join(folder, 'npx'), '#!/bin/sh\necho "npx $*"\n')
  chmodSync(join(folder, 'npx'), 0o755)
  for (const shell of shells) writeFileSync(join(folder, shell), completion(shell, { commands, groups }))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** How each shell is started without anybody's settings, and reads its script. */
const starts: Readonly<Record<Shell, { args: readonly string[]; read: string }>> = {
  bash: { args: ['--norc', '-c'], read: 'eval "$(cat "$HOME/bash")"' },
  zsh: { args: ['-f', '-c'], read: 'autoload -U compinit; compinit -u -D; eval "$(cat "$HOME/zsh")"' },
  fish: { args: ['--no-config', '-c'], read: 'source $HOME/fish' },
}

/** The lines that `shell` writes for `script`, behind its own. */
function linesOf(shell: Shell, script: string): string[] {
  const { args, read } = starts[shell]
  const env = { HOME: folder, PATH: `${folder}${delimiter}${process.env.PATH}`, TERM: 'dumb' }
  const { stdout, stderr, status } = spawnSync(shell, [...args, `${read}\n${script}`], { encoding: 'utf8', env })
  expect([status, stderr]).toEqual([0, ''])
  return stdout.split('\n').filter((line) => line !== '')
}

const isThere = (shell: Shell): boolean => spawnSync(shell, ['--version']).status === 0

/** What bash offers for the last of `words`, by the function that it calls for this command. */
const offeredByBash = (...words: string[]): string[] =>
  linesOf(
    'bash',
    `set -- $(complete -p registry-events)
     COMP_WORDS=(registry-events ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
     "$3"; printf '%s\\n' "\${COMPREPLY[@]}"`,
  )

describe.each(shells)('%s', (shell) => {
  const when = isThere(shell) ? test : test.skip

  when('knows registry-events, which is what npx runs in the project, and is never fetched from elsewhere', () => {
    expect(linesOf(shell, "registry-events search 'two words'")).toEqual(['npx --no registry-events search two words'])
  })

  when('leaves one that there is as it is', () => {
    const own = join(folder, 'registry-events')
    writeFileSync(own, '#!/bin/sh\necho own\n')
    chmodSync(own, 0o755)
    try {
      expect(linesOf(shell, 'registry-events')).toEqual(['own'])
    } finally {
      rmSync(own)
    }
  })
})

test('bash offers commands, options and values', () => {
  expect(linesOf('bash', 'complete -p registry-events')).toEqual(['complete -F _registry_events registry-events'])
  expect(offeredByBash('se')).toEqual(['search', 'send'])
  expect(offeredByBash('quarantine', '')).toEqual(['list', 'show', 'redrive'])
  expect(offeredByBash('search', '--outcome', 'f')).toEqual(['failure'])
  expect(offeredByBash('completion', '--j')).toEqual([])
})

const withFish = isThere('fish') ? test : test.skip
withFish('fish offers them as well', () => {
  expect(linesOf('fish', 'complete -C "registry-events se" | cut -f1')).toEqual(['search', 'send'])
  expect(linesOf('fish', 'complete -C "registry-events search --outcome f" | cut -f1')).toEqual(['failure'])
})

const withZsh = isThere('zsh') ? test : test.skip
withZsh('zsh asks the function for them', () => {
  expect(linesOf('zsh', 'print -r -- $_comps[registry-events]')).toEqual(['_registry_events'])
})
