import { PassThrough } from 'node:stream'
import { expect, test } from '@jest/globals'
import { progressOn, table, visible } from '../../cli/terminal.ts'

// What people see.

test('nothing that an outsider wrote moves the cursor or turns text around', () => {
  const text = 'a\u001b[2Jb\u0007\r\u009bc\u202ed\u2066e\u2028f\ud800g'
  expect(visible(text)).toBe('a\\u001b[2Jb\\u0007\\u000d\\u009bc\\u202ed\\u2066e\\u2028f\\ud800g')
  expect(visible('tab\tline\né 漢 \u{1f600}')).toBe('tab\tline\né 漢 \u{1f600}')
  expect(JSON.parse(visible(JSON.stringify({ text })))).toEqual({ text })
})

test('a table has a line for each row, whatever is in it', () => {
  expect(
    table(
      ['a', 'b'],
      [
        ['1\n2', 'x'],
        ['long', 'y'.repeat(200)],
      ],
    ).split('\n'),
  ).toEqual(['a     b', '1 2   x', `long  ${'y'.repeat(159)}…`])
})

/** What is written to a stream that is a terminal, or is none. */
function stream(isTTY: boolean) {
  const through = Object.assign(new PassThrough(), { isTTY, columns: 80 })
  return { stream: through as unknown as NodeJS.WriteStream, written: () => String(through.read() ?? '') }
}

test('a long work has a bar on a terminal, which is gone when it ends', () => {
  const to = stream(true)
  const { progress, end } = progressOn(to.stream)
  progress('done', 5, 10)
  end()
  expect(to.written()).toMatch(/done \[.*\] 5 of 10/)
  progress('done', 10, 10)
  end()
})

test('elsewhere it has a plain line now and then', () => {
  const to = stream(false)
  const { progress } = progressOn(to.stream)
  for (let count = 100; count <= 2500; count += 100) progress('looked at', count, 2500)
  progress('done', 1000, 2500)
  expect(to.written()).toBe('looked at 1000 of 2500\nlooked at 2000 of 2500\ndone 1000 of 2500\n')
})
