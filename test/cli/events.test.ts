import { describe, expect, test } from '@jest/globals'
import { addressAt } from '../../cli/address.ts'
import { columnsFor, eventLines, type Found, nextCursor, type Page, pages, tellLacking } from '../../cli/events.ts'
import { openReader, patient, type Reader, ReaderError } from '../../cli/reader.ts'
import { recordsOf, write } from '../../cli/rows.ts'
import { fitted, type Terminal, table, wrapped } from '../../cli/terminal.ts'

// How events come from the search, and how they look.

const found = (id: string, name = 'de.icr.io/team/app:1.0'): Found =>
  ({
    location: 'eu-de',
    leaf: 7,
    event: {
      id,
      eventTime: '2026-11-22T13:00:00.12+0000',
      action: 'container-registry.image.push',
      outcome: 'success',
      severity: 'normal',
      initiator: { id: 'a', name: 'alice', host: { address: '192.0.2.10' } },
      target: { id: 'crn', name },
    },
  }) as Found

const ID = '936c2c0d-5b0e-5d7c-9d0b-52b1c0a8e0f1'

describe('a table', () => {
  test('fits into the width, by what its widest columns can spare', () => {
    const line = fitted(['a', 'text', 'id'], [['1', 'x'.repeat(50), ID]], 60, [1, 4, 36])
    expect(line(['1', 'x'.repeat(50), ID])).toBe(`1  ${'x'.repeat(18)}…  ${ID}`)
    expect(table(['a', 'b'], [['1'.repeat(30), '2'.repeat(30)]], 23).split('\n')[1]).toBe(
      `${'1'.repeat(9)}…  ${'2'.repeat(10)}…`,
    )
    expect(table(['long head', 'b'], [['1', '2'.repeat(50)]], 5).split('\n')[1]).toBe('1          …')
  })

  test.each([
    [undefined, 'time action outcome initiator address target location id'],
    [200, 'time action outcome initiator address target location id'],
    [120, 'time action outcome initiator target location id'],
    [110, 'time action outcome initiator target id'],
    [80, 'time action outcome initiator target location'],
    [60, 'time action initiator target'],
    [20, 'time action initiator target'],
  ])('of events has the columns that have room in %s', (width, wanted) => {
    expect(columnsFor(width).join(' ')).toBe(wanted)
  })

  test.each([80, 100, 126, 200])(
    'of events in %i characters has no longer line, and no id without its end',
    (width) => {
      const { head, line, names } = eventLines([found(ID)], width)
      const lines = [head, line(found(ID, 'x'.repeat(300))), line(found(ID))]
      for (const text of lines) expect(text.length).toBeLessThanOrEqual(width)
      if (names.includes('id')) for (const text of lines.slice(1)) expect(text).toContain(ID)
    },
  )

  test('text is wrapped where people look at it', () => {
    expect(wrapped('one two three four five', 4, 24)).toBe('one two three four\n    five')
    expect(wrapped('one two', 4, undefined)).toBe('one two')
  })
})

describe('CSV', () => {
  test('is split where its records end', () => {
    expect(recordsOf('a,b\r\n1,"x\ny ""z"""\r\n2,""\r\n')).toEqual(['a,b\r\n', '1,"x\ny ""z"""\r\n', '2,""\r\n'])
    expect(recordsOf('a\n1')).toEqual(['a\n', '1\n'])
    expect(recordsOf('')).toEqual([])
  })

  test('that is cut off is no answer', () => {
    expect(() => recordsOf('a\n"1')).toThrow('cut off')
  })

  test('says in a header where it goes on', () => {
    const reader = { name: 'x' } as Reader
    expect(nextCursor(null, '<?q=a%3E&cursor=a%2Bb>; rel="next"', reader)).toBe('a+b')
    expect(nextCursor(null, '</events?cursor=1>; rel="prev", </events?cursor=2>; rel=next', reader)).toBe('2')
    expect(nextCursor(null, null, reader)).toBeNull()
    expect(() => nextCursor('1', '<?cursor=1>; rel="next"', reader)).toThrow('one page again and again')
  })
})

/** A reader that answers with these pages, one after the other. */
function answering(...answers: (Partial<Page> | Error)[]): Reader {
  return {
    name: 'there',
    isLoopback: true,
    async ask() {
      const answer = answers.shift()
      if (answer instanceof Error) throw answer
      return { text: JSON.stringify(answer), headers: new Headers() }
    },
  }
}

describe('pages', () => {
  const { signal } = new AbortController()
  const whole = { complete: [{ location: 'eu-de', size: 3 }] }
  const lack = {
    damaged: [{ location: 'eu-de', file: 'events/x', why: 'It is torn.' }],
    removed: [{ location: 'eu-de', firstDay: '2026-09-01', lastDay: '2026-10-01', count: 290 }],
  }
  const read = async (...answers: (Partial<Page> | Error)[]) => {
    const all: string[] = []
    const question = { reader: answering(...answers), query: new URLSearchParams(), limit: 2, signal }
    for await (const { events } of pages(question)) all.push(...events.map(({ event }) => event.id))
    return all
  }

  test('come until there is no further one', async () => {
    const first = { events: [found('1'), found('2')], next: 'c', ...whole }
    expect(await read(first, { events: [found('3')], next: null, ...whole })).toEqual(['1', '2', '3'])
    expect(await read({ ...first, next: null })).toEqual(['1', '2'])
  })

  test('without an end, of two states, or of something else are refused', async () => {
    const page = { events: [found('1')], next: 'c', ...whole }
    await expect(read(page, page)).rejects.toThrow('there gives one page again and again')
    await expect(read(page, { ...page, complete: [{ location: 'eu-de', size: 4 }] })).rejects.toThrow(
      'not of one state of the archive: eu-de:3, then eu-de:4',
    )
    await expect(read({})).rejects.toThrow('there is not the search')
  })

  test('tell once what they are without, and only damage is a mistake', () => {
    const notes: string[] = []
    const terminal = { note: (text: string) => void notes.push(text) } as unknown as Terminal
    expect(tellLacking(terminal, lack)).toBe(true)
    expect(notes).toEqual([
      'Not in it: 290 events of eu-de of 2026-09-01 to 2026-10-01 that retention removed.',
      'Damaged, and left out: events/x of eu-de: It is torn.',
    ])
    expect(tellLacking(terminal, { removed: [{ location: 'eu-de', count: 1 }] })).toBe(false)
    expect(notes.at(-1)).toBe('Not in it: 1 event of eu-de that retention removed.')
  })

  test('written as JSON are JSON, whatever is in them', async () => {
    async function* batches() {
      const rest = { head: '{"events":[\n', ...whole, ...lack }
      yield { ...rest, rows: [], isLast: false }
      yield { ...rest, rows: ['1', '2'], isLast: false }
      yield { ...rest, rows: ['3', '4'], isLast: true }
    }
    let text = ''
    const put = async (more: string) => {
      text += more
    }
    expect(await write(batches(), 'json', 3, put)).toMatchObject({ count: 3, isAll: false })
    expect(JSON.parse(text)).toEqual({ events: [1, 2, 3], all: false, ...whole, ...lack })
    text = ''
    expect(await write(batches(), 'json', 4, put)).toMatchObject({ count: 4, isAll: true })
    expect(JSON.parse(text)).toEqual({ events: [1, 2, 3, 4], all: true, ...whole, ...lack })
  })
})

test('what is no answer is asked for again only if it may pass', async () => {
  const { signal } = new AbortController()
  const passing = new ReaderError('unreachable', 'Away.', { isPassing: true })
  const said: string[] = []
  const ask = (...answers: (Partial<Page> | Error)[]) =>
    patient(answering(...answers), (text) => said.push(text)).ask('/', new URLSearchParams(), '', signal)
  expect((await ask(passing, { next: 'x' })).text).toBe('{"next":"x"}')
  expect(said).toEqual(['Away. Trying again.'])
  await expect(ask(new ReaderError('usage', 'No.'), { next: 'x' })).rejects.toThrow('No.')
})

describe('an address', () => {
  test.each(['http://127.0.0.1:3000', 'http://localhost', 'http://[::1]:1', 'http://127.1', 'http://a.localhost'])(
    '%s is of this machine',
    (text) => {
      expect(addressAt(text, '--url', false).isLoopback).toBe(true)
    },
  )

  test.each(['https://127.0.0.1.example.com', 'https://localhost.example.com', 'https://example.com', 'https://[::2]'])(
    '%s is not',
    (text) => {
      expect(addressAt(text, '--url', false).isLoopback).toBe(false)
    },
  )

  test.each(['http://example.com', 'http://10.0.0.1', 'http://0.0.0.0'])(
    '%s is plain HTTP to another machine',
    (text) => {
      expect(() => addressAt(text, '--url', false)).toThrow('plain HTTP to another machine')
      expect(addressAt(text, '--url', true).isLoopback).toBe(false)
    },
  )

  test('of another machine never gets the secret of local emulation', () => {
    expect(() => openReader({ url: 'https://example.com' }, { SECRET_READER_LOCAL: 'mine' })).toThrow(
      'Set REGISTRY_EVENTS_TOKEN',
    )
    expect(openReader({ url: 'https://example.com/prod/' }, { REGISTRY_EVENTS_TOKEN: 'x' }).name).toBe(
      'https://example.com/prod',
    )
  })
})
