import { spawnSync } from 'node:child_process'
import { beforeAll, expect, test } from '@jest/globals'
import { run } from './cli.ts'

// What the shell offers.

let script = ''

beforeAll(async () => {
  const { code, out } = await run('completion bash', {})
  expect(code).toBe(0)
  script = out
})

/** What bash offers for the last of `words`. */
function offered(...words: string[]): string[] {
  const quoted = ['registry-events', ...words].map((word) => `'${word}'`).join(' ')
  const { stdout, stderr, status } = spawnSync(
    'bash',
    [
      '--norc',
      '-c',
      `${script}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _registry_events; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ],
    { encoding: 'utf8' },
  )
  expect([status, stderr]).toEqual([0, ''])
  return stdout.split('\n').filter((line) => line !== '')
}

test.each([
  [['se'], ['search', 'send']],
  [
    ['quarantine', ''],
    ['list', 'show', 'redrive'],
  ],
  [['dlq', 'l'], ['list']],
  [
    ['search', '--outcome', ''],
    ['success', 'failure', 'pending'],
  ],
  [['search', '--outcome', '=', 'f'], ['failure']],
  [
    ['search', '--outcome', '='],
    ['success', 'failure', 'pending'],
  ],
  [
    ['search', 'word', '--action', 'image.p'],
    ['image.pull', 'image.push'],
  ],
  [['search', '--not', 'init'], ['initiator=']],
  [['search', '--from', ''], []],
  [
    ['search', '--tar'],
    ['--target', '--target-prefix', '--target-contains'],
  ],
  [
    ['search', '--sort', '-t'],
    ['-time', '-target'],
  ],
  [['send', 'har'], ['harbor']],
  [['send', 'harbor', '--ac'], ['--action']],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['quarantine', 'list', '--reason', 'UNKNOWN'], ['UNKNOWN_ACTION']],
  [['export', '--output', '/etc/host'], expect.arrayContaining(['/etc/hosts'])],
  [['nothing', ''], []],
])('%j', (words, wanted) => {
  expect(offered(...words)).toEqual(wanted)
})

test('every command has its options', () => {
  for (const command of offered('').filter((name) => !['quarantine', 'dlq', 'archive'].includes(name))) {
    const common = command === 'completion' ? ['--help'] : ['--json', '--help']
    expect([command, offered(command, '--')]).toEqual([command, expect.arrayContaining(common)])
  }
})

test.each(['zsh', 'fish'])('%s has them as well', async (shell) => {
  const { code, out } = await run(`completion ${shell}`, {})
  expect(code).toBe(0)
  for (const word of [
    'search',
    'quarantine redrive',
    'target-prefix',
    'success',
    'harbor',
    'what genuine senders sent',
  ])
    expect(out).toContain(word)
  if (spawnSync(shell, ['--version']).status !== 0) return
  // fish takes standard input for a script only when it is a pipe.
  const { status, stderr } = spawnSync('sh', ['-c', `cat | ${shell} -n`], { input: out, encoding: 'utf8' })
  expect([status, stderr]).toEqual([0, ''])
})
