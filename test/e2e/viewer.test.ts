import { mkdirSync, readdirSync, readFileSync, truncateSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { type Browser, startBrowser } from './browser.ts'
import { until } from './deadline.ts'
import { changing, failing, SECRET, type Searchable, startSearchable } from './searchable.ts'

// The viewer in a real browser, against the search over real archives. What it measures is printed, not judged: the machine may be doing
// something else.

const COUNT = 4000
const MANY = 100_000
/** Of those whose logs and files change. */
const FEW = 400
const ARTEFACTS = resolve(import.meta.dirname, '../artefacts')

let search: Searchable
let browser: Browser
let page: Page
/** What the browser complained of: a blocked style or script, an error. */
let complaints: string[]

beforeAll(async () => {
  mkdirSync(ARTEFACTS, { recursive: true })
  search = await startSearchable(COUNT)
  browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  await search?.close()
})

beforeEach(async () => {
  search.lie = undefined
  page = await browser.context.newPage()
  complaints = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    const text = message.text()
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) complaints.push(text)
  })
})
afterEach(async () => {
  await page.evaluate('localStorage.clear()')
  await page.close()
  expect(complaints).toEqual([])
})

const grid = () => page.getByRole('grid', { name: 'Events' })
const rows = () => grid().locator('.line:not(.head):not(.waiting)')
const row = (index: number) => page.locator(`#row-${index}`)
const scroll = (top: number) => page.evaluate(`document.getElementById('events').scrollTop = ${top}`)
const panel = () => page.getByRole('complementary', { name: 'The event that is open' })
const verdict = () => panel().locator('.verdict')
const total = async () => Number((await page.getByLabel('Events found').innerText()).replaceAll(/\D/g, ''))
const chip = (value: string) => page.locator('.chip').filter({ hasText: value })
const shot = (name: string) => page.screenshot({ path: join(ARTEFACTS, `${name}.png`) })

async function open(hash = '#last=90d', { url } = search): Promise<void> {
  await page.goto(`${url}${hash}`)
  const secret = page.getByLabel('Secret of the reader')
  if (await secret.isVisible()) {
    await secret.fill(SECRET)
    await page.keyboard.press('Enter')
  }
}

async function opened(hash?: string, at?: Searchable): Promise<void> {
  await open(hash, at)
  await rows().first().waitFor()
}

const shows = (what: string, holds: () => Promise<boolean>) => until(what, holds, 60, () => page.url())
const counts = (n: number) => shows(`${n} events are found`, async () => (await total()) === n)
const state = () => verdict().getAttribute('data-state')
const is = (wanted: string) => shows(`the proof is ${wanted}`, async () => (await state()) === wanted)

const print = (text: string): void => {
  process.stdout.write(`viewer: ${text}\n`)
}

const FRAMES = 200
const MEASURES = ['ScriptDuration', 'RecalcStyleDuration', 'LayoutDuration'] as const

/** Scrolls through the list by so many pixels at every frame, and tells what that took. */
async function scrolling(step: number): Promise<string> {
  const session = await browser.context.newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  const metrics = async () => {
    const { metrics: found } = await session.send('Performance.getMetrics')
    return MEASURES.map((name) => found.find((metric) => metric.name === name)?.value ?? 0)
  }
  const before = await metrics()
  const frames = (await page.evaluate(`new Promise((done) => {
    const node = document.getElementById('events')
    measured.long.length = 0
    node.scrollTop = 0
    const times = []
    let last = performance.now()
    const step = (now) => {
      times.push(now - last)
      last = now
      node.scrollTop += ${step}
      if (times.length <= ${FRAMES}) requestAnimationFrame(step)
      else done(times.slice(1).sort((a, b) => a - b).map(Math.round))
    }
    requestAnimationFrame(step)
  })`)) as number[]
  const after = await metrics()
  await session.detach()
  const spent = MEASURES.map((name, n) => {
    const each = (1000 * ((after[n] ?? 0) - (before[n] ?? 0))) / FRAMES
    return `${name.replace('Duration', '').toLowerCase()} ${each.toFixed(1)}`
  })
  const long = (await page.evaluate('measured.long.length')) as number
  return `ms a frame of the main thread: ${spent.join(', ')}; frames p50 ${frames[FRAMES / 2]} ms, p95 ${frames[FRAMES * 0.95]} ms; long tasks ${long}`
}

/** How many events the service itself finds. */
const asked = async (query: string, at = search): Promise<number> =>
  (await answerTo(`events/counts?${query}`, at)).total

// biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what a test looks at
async function answerTo(path: string, { url } = search): Promise<any> {
  return (await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${SECRET}` } })).json()
}

const AN_EVENT = /^\/events\/[\da-f-]{36}$/
const A_PROOF = /^\/events\/[\da-f-]{36}\/proof$/
/** Whether the list is whole, as the bottom says it. */
const whole = (words: RegExp) => page.getByRole('button', { name: words }).waitFor()

describe('signing in', () => {
  test('asks for the secret, keeps it in the tab, and puts it into no address', async () => {
    await page.goto(search.url)
    await expect(page.getByText('In local emulation it is').innerText()).resolves.toContain('local')
    await page.getByLabel('Secret of the reader').fill('wrong')
    await page.keyboard.press('Enter')
    await page.getByText('This is the secret of no reader.').waitFor()
    await page.getByLabel('Secret of the reader').fill(SECRET)
    await page.keyboard.press('Enter')
    await rows().first().waitFor()
    expect(page.url()).not.toContain(SECRET)
    await page.reload()
    await rows().first().waitFor()
    expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain('secret')
    expect(search.asked.filter((path) => path.includes(`=${SECRET}`))).toEqual([])
  })

  test('shows the form again when the secret is no longer taken', async () => {
    await opened()
    search.lie = failing('/events', 401, 'UNAUTHENTICATED', 'The credentials are wrong.')
    await page.keyboard.press('r')
    await page.getByText('The secret is no longer taken').waitFor()
    expect(await page.evaluate('sessionStorage.length')).toBe(0)
  })
})

describe('the list', () => {
  let large: Searchable
  beforeAll(async () => {
    large = await startSearchable(MANY, { days: 30 })
  })
  afterAll(() => large?.close())

  test('shows first rows soon, and all 100,000 as one scrolls', async () => {
    await page.addInitScript(`
      window.measured = { long: [], shift: 0 }
      new PerformanceObserver((list) => { for (const entry of list.getEntries()) measured.long.push(Math.round(entry.duration)) }).observe({ type: 'longtask', buffered: true })
      new PerformanceObserver((list) => { for (const entry of list.getEntries()) measured.shift += entry.hadRecentInput ? 0 : entry.value }).observe({ type: 'layout-shift', buffered: true })`)
    await opened('#last=90d', large)
    await page.reload()
    await rows().first().waitFor()
    const first = await page.evaluate('Math.round(performance.now())')
    await counts(MANY)
    // The scroll bar tells how many there are before they are loaded.
    const tall = (await page.evaluate('document.getElementById("events").scrollHeight')) as number
    expect(tall).toBeGreaterThan(MANY * 28)

    const start = Date.now()
    await scroll(10_000_000)
    await row(MANY - 1).waitFor({ timeout: 240_000 })
    const loaded = Date.now() - start
    expect(await grid().getAttribute('aria-rowcount')).toBe(String(MANY + 1))
    expect(await rows().count()).toBeLessThan(120)

    const heap = await page.evaluate('Math.round(performance.memory.usedJSHeapSize / 2 ** 20)')
    print(`first rows after ${first} ms; ${MANY} rows loaded in ${loaded} ms, ${heap} MB`)
    // Like a wheel, and faster than anybody can read: a window of new rows at every frame.
    print(`scrolling by 120 px a frame: ${await scrolling(120)}`)
    print(`scrolling by 1,000 px a frame: ${await scrolling(1000)}`)
    const shift = (await page.evaluate('measured.shift')) as number
    print(`layout shift ${shift.toFixed(4)}`)
    expect(shift).toBeLessThan(0.1)
  })

  test('sorts by a column, and turns round', async () => {
    await opened('#last=30d')
    await page.getByRole('columnheader', { name: 'Initiator' }).getByRole('button').click()
    await shows('initiators come by name', async () => (await row(0).innerText()).includes('user-0'))
    expect(page.url()).toContain('sort=initiator')
    await page.getByRole('columnheader', { name: 'Initiator' }).getByRole('button').click()
    await shows('the last name comes first', async () => (await row(0).innerText()).includes('user-99'))
    expect(await page.getByRole('columnheader', { name: 'Initiator' }).getAttribute('aria-sort')).toBe('descending')
  })
})

describe('filters', () => {
  test('are added and left out by a click, and removed', async () => {
    await opened()
    const all = await asked('')
    await counts(all)
    await page.getByRole('button', { name: /^Action is image\.delete:/ }).click()
    const deletions = await asked('action=image.delete')
    await counts(deletions)
    expect(page.url()).toContain('action=image.delete')
    // The other actions can still be chosen, and are added to it.
    await page.getByRole('button', { name: /^Action is image\.untag:/ }).click()
    await counts(await asked('action=image.delete&action=image.untag'))
    // Each chip says how many events it stands for.
    await shows(
      'the chip is counted',
      async () => (await chip('image.delete').getAttribute('title')) === `${deletions} events`,
    )
    await page.getByRole('button', { name: 'Remove: Action is image.untag' }).click()
    await counts(deletions)
    const leave = page.getByRole('button', { name: /^Initiator is not / }).first()
    const initiator = (await leave.getAttribute('aria-label'))?.split(' ').at(-1)
    await leave.click()
    await counts(await asked(`action=image.delete&initiator!=${initiator}`))
    await shot('viewer-filters')
    await page.goBack()
    await counts(deletions)
    await page.getByRole('button', { name: 'Clear', exact: true }).click()
    await counts(all)
  })

  test('are typed', async () => {
    await opened()
    await page.keyboard.press('/')
    await page.keyboard.type('action:image.push -initiator:user-0 prod/app')
    await page.keyboard.press('Enter')
    await counts(await asked('action=image.push&initiator!=user-0&q=prod/app'))
    await page.getByRole('button', { name: 'Add a filter' }).click()
    await page.getByRole('combobox', { name: 'Filter by' }).selectOption('address')
    await page.getByRole('combobox', { name: 'Value' }).fill('192.0.2.0/24')
    await page.keyboard.press('Enter')
    await shows('the network is a filter', async () => page.url().includes('address=192.0.2.0/24'))
  })

  test('of time come from the histogram that is dragged, and from fields', async () => {
    await opened('#last=7d')
    await page.getByRole('slider').waitFor()
    await shows('there are bars', async () => ((await page.locator('.plot .all').getAttribute('d')) ?? '') !== '')
    const before = await asked('')
    await counts(before)
    const box = (await page.locator('.plot').boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 }
    await page.mouse.move(box.x + box.width * 0.8, box.y + 20)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.9, box.y + 30, { steps: 5 })
    await page.mouse.up()
    await shows('the range is dragged', async () => /from=2.*&to=2/.test(page.url()))
    const given = new URLSearchParams(page.url().split('#')[1])
    await counts(await asked(`from=${given.get('from')}&to=${given.get('to')}`))
    expect(await total()).toBeLessThan(before)
    await page.getByRole('button', { name: /^Time range/ }).click()
    await page.getByRole('button', { name: 'All time' }).click()
    await counts(await asked(''))
    await page.getByRole('button', { name: 'Local', exact: true }).click()
    await page.getByRole('button', { name: /^Time range/ }).click()
    await page.getByLabel('From').fill('2026-01-01T00:00:00')
    await page.keyboard.press('Enter')
    // The browser is in Berlin.
    await shows('local time is meant', async () => page.url().includes('from=2025-12-31T23:00:00.000Z'))
  })
})

describe('an event', () => {
  test('is shown whole, explained, and proven green', async () => {
    await opened()
    await row(3).click()
    await is('ok')
    const id = new URLSearchParams(page.url().split('#')[1]).get('event') ?? ''
    await panel().getByText(id).first().waitFor()
    await shot('viewer-proven')
    await panel().getByRole('tab', { name: 'Proof' }).click()
    for (const step of ['entry', 'tree', 'checkpoint', 'key', 'growth']) {
      expect(await panel().locator(`[data-step=${step}]`).getAttribute('data-state')).toBe('ok')
    }
    await panel().getByRole('tab', { name: 'JSON' }).click()
    expect(JSON.parse(await panel().locator('pre').innerText()).id).toBe(id)
    await panel().getByRole('tab', { name: 'Explanation' }).click()
    await panel()
      .getByText(/^It happened at .*, says the sender\.$/)
      .waitFor()
    expect(await panel().locator('.steps > li').count()).toBeGreaterThan(5)
  })

  test('that was tampered with is red', async () => {
    search.lie = changing(AN_EVENT, ({ event, ...rest }) => ({ ...rest, event: { ...event, outcome: 'unknown' } }))
    await opened()
    await row(0).click()
    await is('failed')
    await expect(verdict().innerText()).resolves.toContain('not the one that stands in the log')
    await shot('viewer-tampered')
  })

  test('that is another one than was opened is red, however genuine', async () => {
    const other = (await answerTo('events?limit=1&sort=time')).events[0]
    const proof = await answerTo(`events/${other.event.id}/proof`)
    const event = changing(AN_EVENT, () => other)
    search.lie = (path, answer) => changing(A_PROOF, () => proof)(path, event(path, answer))
    await opened()
    await row(0).click()
    await is('failed')
    await expect(verdict().innerText()).resolves.toContain(`another event than the one opened: ${other.event.id}`)
    // And when no proof of it can be had.
    search.lie = (path, answer) =>
      A_PROOF.test(path) ? failing('/', 404, 'NOT_FOUND', '')(path, answer) : event(path, answer)
    await row(1).click()
    await is('failed')
  })

  test('can be filtered by', async () => {
    await opened()
    await row(2).click()
    await is('ok')
    const button = panel().getByRole('button', { name: /^Filter: Registry is (?!not)/ })
    const registry = (await button.getAttribute('aria-label'))?.split(' ').at(-1)
    await button.click()
    await counts(await asked(`registry=${registry}`))
  })
})

test('new events come by themselves, and push nobody away', async () => {
  await opened()
  await page.getByRole('button', { name: 'Live' }).click()
  const before = await asked('')
  const added = await search.append({ action: 'container-registry.image.delete' })
  await shows('it is the first row', async () => (await row(0).innerText()).includes('image.delete'))
  await counts(before + 1)
  await row(0).click()
  await is('ok')
  expect(page.url()).toContain(added.id)
  await page.keyboard.press('Escape')
  await scroll(2800)
  await row(100).waitFor()
  const text = await row(105).innerText()
  const y = (await row(105).boundingBox())?.y
  await search.append()
  await shows('it has come', async () => (await row(106).innerText()) === text)
  expect((await row(106).boundingBox())?.y).toBeCloseTo(y ?? 0, 0)
})

describe('export', () => {
  test.each([
    [
      'NDJSON',
      'ndjson',
      (text: string) =>
        text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).event.id),
    ],
    [
      'CSV',
      'csv',
      (text: string) =>
        text
          .trim()
          .split('\n')
          .slice(1)
          .map((line) => line.split(',')[2]),
    ],
    ['JSON', 'json', (text: string) => JSON.parse(text).events.map(({ event }: { event: { id: string } }) => event.id)],
  ])('writes every event of the query as %s', async (label, ending, ids) => {
    await page.addInitScript('delete window.showSaveFilePicker')
    await opened('#last=90d&action=image.pull')
    const count = await asked('action=image.pull')
    expect(count).toBeGreaterThan(2000)
    await page.keyboard.press('e')
    await page.getByRole('radio', { name: new RegExp(`^${label}`) }).check()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export', exact: true }).last().click(),
    ])
    expect(download.suggestedFilename()).toMatch(new RegExp(`^registry-events-.*\\.${ending}$`))
    const text = readFileSync(await download.path(), 'utf8')
    expect(new Set(ids(text)).size).toBe(count)
    await page.getByText(/events written/).waitFor()
  })
})

describe('a log, and the files behind it:', () => {
  let small: Searchable
  beforeAll(async () => {
    small = await startSearchable(FEW)
  })
  afterAll(() => small?.close())

  /** Opens the list of a location, and an event of it, so that its log is known. */
  async function known(): Promise<void> {
    await opened('#last=90d&location=eu-de', small)
    await row(10).click()
    await is('ok')
    await panel().getByRole('tab', { name: 'Proof' }).click()
  }

  /** Tears a file of the archive, which is seen when the log has grown. */
  async function tear(): Promise<void> {
    const folder = join(small.folder(), 'events/location=eu-de')
    const day = join(folder, readdirSync(folder).toSorted()[1] ?? '')
    truncateSync(join(day, readdirSync(day)[0] ?? ''), 1000)
    await small.append()
  }

  test('one that has grown is green, one that was rolled back is red', async () => {
    await small.replace(FEW)
    await known()
    await small.append()
    await page.keyboard.press('j')
    await is('ok')
    await panel().getByText('has only grown since').waitFor()
    await page.keyboard.press('r')
    await whole(/^Whole at 1 signed checkpoint: details$/)
    await small.replace(FEW - 100)
    await page.keyboard.press('r')
    await whole(/^1 of 1 checkpoint not to be trusted/)
    await row(0).click()
    await is('failed')
    await panel().locator('[data-step=growth]').getByText('The log was rolled back').waitFor()
    await panel().getByRole('button', { name: 'Check again' }).click()
    await is('failed')
  })

  test.each([
    ['of the same size', FEW, 'another checkpoint of the same 300 events was seen before'],
    ['that has grown', FEW + 40, 'it does not hold the 300 events that were seen before'],
  ])('one with another history %s is red under the list, too', async (_what, count, says) => {
    await small.replace(FEW)
    await known()
    await whole(/^Whole at 1 signed checkpoint: details$/)
    await small.replace(count, { seed: 9 })
    await page.keyboard.press('r')
    await whole(/^1 of 1 checkpoint not to be trusted/)
    await page.getByRole('button', { name: /not to be trusted: details$/ }).click()
    await page.locator('.complete-panel').getByText(says).waitFor()
  })

  test('one with another key is red until the new key is taken', async () => {
    await small.replace(FEW)
    await known()
    await small.replace(FEW, { stage: 'other' })
    await page.keyboard.press('r')
    await whole(/^1 of 1 checkpoint not to be trusted/)
    await row(0).click()
    await is('failed')
    await panel().locator('[data-step=key]').getByText('The log has another key').waitFor()
    await panel().getByRole('button', { name: 'Take the new key' }).click()
    await is('ok')
    await page.keyboard.press('r')
    await whole(/^Whole at 1 signed checkpoint: details$/)
  })

  test('damage that comes while one looks on is told', async () => {
    await small.replace(FEW)
    await opened('#last=90d&live=1', small)
    await whole(/^Whole at 2 signed checkpoints: details$/)
    await tear()
    await whole(/^Not whole: \d damaged parts?: details$/)
  })

  test('what was removed under retention is told', async () => {
    await small.replace(FEW)
    const removed = [{ location: 'eu-de', firstDay: '2026-10-01', lastDay: '2026-10-02', count: 30 }]
    small.lie = changing(/^\/events\?/, (page) => ({ ...page, removed }))
    await opened('#last=90d', small)
    await whole(/^Whole but for 30 events removed under retention: details$/)
    await page.getByRole('button', { name: /under retention: details$/ }).click()
    await page.getByText('2026-10-01 to 2026-10-02: 30 events removed under retention.').waitFor()
    small.lie = undefined
  })

  test('an export goes into a chosen file page by page, and says what is damaged', async () => {
    // The file of the browser itself stands for the one that is chosen: nobody is there to choose.
    await page.addInitScript(
      `window.showSaveFilePicker = async () => (await navigator.storage.getDirectory()).getFileHandle('export', { create: true })`,
    )
    await small.replace(FEW)
    await tear()
    await opened('#last=90d', small)
    await page.keyboard.press('e')
    await page.getByRole('button', { name: 'Export', exact: true }).last().click()
    await page.getByRole('button', { name: 'Export without the damaged files' }).click()
    await page.getByText(/events written/).waitFor({ timeout: 60_000 })
    const lines = await page.evaluate(
      `navigator.storage.getDirectory().then((folder) => folder.getFileHandle('export')).then((handle) => handle.getFile()).then((file) => file.text()).then((text) => text.split('\\n').length - 1)`,
    )
    expect(lines).toBe(await asked('', small))
  })
})

test('what is shown is copied, its proof is saved, and one signs out', async () => {
  await browser.context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const copied = () => page.evaluate('navigator.clipboard.readText()') as Promise<string>
  await opened()
  await row(0).click()
  await is('ok')
  await panel().getByRole('button', { name: 'Copy a link to this event' }).click()
  await shows('the link is copied', async () => (await copied()) === page.url())
  await panel().getByRole('tab', { name: 'JSON' }).click()
  const text = await panel().locator('pre').innerText()
  await panel().getByRole('button', { name: 'Copy JSON' }).click()
  await shows('the event is copied', async () => (await copied()) === text)
  await panel().getByRole('tab', { name: 'Proof' }).click()
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    panel().getByRole('button', { name: 'Save the proof' }).click(),
  ])
  expect(saved.suggestedFilename()).toBe(`${JSON.parse(text).id}.tlog-proof`)
  expect(readFileSync(await saved.path(), 'utf8')).toMatch(/^c2sp\.org\/tlog-proof@v1\nindex \d+\n/)
  await page.getByRole('button', { name: 'Signed in as local' }).click()
  await page.getByText('May see eu-de, jp-tok.').waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('Secret of the reader').waitFor()
  expect(await page.evaluate('sessionStorage.length')).toBe(0)
  await page.reload()
  await page.getByLabel('Secret of the reader').waitFor()
  expect(await rows().count()).toBe(0)
})

test('an address shows the same in another tab', async () => {
  await opened()
  await page.getByRole('button', { name: /^Action is image\.push:/ }).click()
  await page.getByRole('columnheader', { name: 'Target' }).getByRole('button').click()
  await shows('it is sorted', async () => page.url().includes('sort=target'))
  await page.getByRole('button', { name: 'Local', exact: true }).click()
  await counts(await asked('action=image.push'))
  await shows('it is loaded', async () => (await grid().locator('..').getAttribute('aria-busy')) === 'false')
  await row(1).click()
  await is('ok')
  await panel().getByRole('tab', { name: 'JSON' }).click()
  const text = await panel().innerText()
  const first = await row(0).innerText()
  const address = page.url()
  const other = await browser.context.newPage()
  await page.close()
  page = other
  await opened(address.slice(address.indexOf('#')))
  await is('ok')
  expect(page.url()).toBe(address)
  expect(await row(0).innerText()).toBe(first)
  expect(await panel().innerText()).toBe(text)
})

test('everything can be done with the keyboard', async () => {
  await opened()
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keys' }).waitFor()
  await page.keyboard.press('Escape')
  expect(await page.getByRole('dialog', { name: 'Keys' }).count()).toBe(0)
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('k')
  expect(await grid().getAttribute('aria-activedescendant')).toBe('row-2')
  await page.keyboard.press('Enter')
  await is('ok')
  const before = page.url()
  await page.keyboard.press('j')
  await shows('the next one is open', async () => page.url() !== before)
  await is('ok')
  await page.keyboard.press('3')
  await panel().locator('[data-step=tree]').waitFor()
  await page.keyboard.press('Escape')
  expect(await panel().count()).toBe(0)
  expect(await page.evaluate('document.activeElement.id')).toBe('events')
  await page.keyboard.press('G')
  expect(await grid().getAttribute('aria-activedescendant')).toMatch(/^row-[1-9]\d\d+$/)
  await page.keyboard.press('g')
  await row(0).waitFor()
  await page.keyboard.press('t')
  await page.getByRole('button', { name: 'Last 15 minutes' }).waitFor()
  await page.keyboard.press('Escape')
  // The histogram: from the last bar ten to the left, then zoom in.
  await page.getByRole('slider').focus()
  await page.keyboard.press('End')
  for (let n = 0; n < 10; n++) await page.keyboard.press('Shift+ArrowLeft')
  expect(await page.getByRole('slider').getAttribute('aria-valuetext')).toMatch(/^2.* – .*: .* events/)
  await page.keyboard.press('Enter')
  await shows('the range is zoomed', async () => page.url().includes('from='))
  // Who has no use for single letters switches them off.
  await page.keyboard.press('Escape')
  await page.keyboard.press('?')
  await page.getByLabel('Single letters do something').uncheck()
  await page.keyboard.press('Escape')
  await page.keyboard.press('e')
  expect(await page.getByRole('dialog').count()).toBe(0)
})

describe('when something is wrong', () => {
  test.each([
    [403, 'FORBIDDEN', 'The reader may not see eu-de.', 'Not yours to see'],
    [500, 'ARCHIVE_DAMAGED', 'log/checkpoint is missing.', 'The archive is damaged'],
    [503, 'UNAVAILABLE', 'The archive can not be reached just now: ask again.', 'The search is not available'],
    [400, 'BAD_QUERY', 'to: has to be later than from', 'This can not be searched for'],
  ])('%d %s is told, and the way on', async (status, code, message, title) => {
    search.lie = failing('/events', status, code, message)
    await open()
    await page.getByRole('heading', { name: title }).waitFor()
    await page.getByText(message).first().waitFor()
    search.lie = undefined
    await page.getByRole('button', { name: 'Try again' }).first().click()
    await rows().first().waitFor()
  })

  test('without a network it says so, and goes on by itself', async () => {
    await opened()
    await browser.context.setOffline(true)
    await page.keyboard.press('r')
    await page.getByText('There is no answer').first().waitFor()
    await browser.context.setOffline(false)
    await shows('the list is whole again', async () => (await page.getByText('There is no answer').count()) === 0)
    await page.goto(`${search.url}#last=90d&q=nothing-holds-this`)
    await page.getByRole('heading', { name: 'No events' }).waitFor()
    await page.getByRole('button', { name: 'Clear the filters' }).click()
    await rows().first().waitFor()
  })
})

/** Relative luminance contrast (WCAG 2.2) of every text with what is behind it; the worst ones. */
const CONTRAST = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const rgba = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data] }
  const over = ([r, g, b, a], under) => [r, g, b].map((value, n) => value * a / 255 + under[n] * (1 - a / 255)).concat(255)
  const light = (color) => { const [r, g, b] = color.map((value) => { const part = value / 255; return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4 }); return 0.2126 * r + 0.7152 * g + 0.0722 * b }
  const behind = (node) => {
    const layers = []
    for (let at = node; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor))
    return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255, 255])
  }
  const found = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim()
    const node = walker.currentNode.parentElement
    if (!text || !node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) || node.closest('.hidden, :disabled, noscript')) continue
    const back = behind(node)
    const front = over(rgba(getComputedStyle(node).color), back)
    const [a, b] = [light(front), light(back)].sort((x, y) => y - x)
    found.push([Math.round(100 * (a + 0.05) / (b + 0.05)) / 100, text.slice(0, 30), node.className])
  }
  return found.sort((a, b) => a[0] - b[0]).slice(0, 5)
})()`

/** Controls that have no name, and ids that stand twice. */
const NAMELESS = `(() => {
  const wrong = []
  for (const node of document.querySelectorAll('button, a, input, select, summary, [role=grid], [role=slider], [role=tab], dialog, [role=dialog], nav, aside')) {
    const label = node.getAttribute('aria-label') || (node.getAttribute('aria-labelledby') || '').split(' ').map((id) => document.getElementById(id)?.textContent || '').join('') || [...(node.labels || [])].map((other) => other.textContent).join('') || node.textContent
    if (!label.trim()) wrong.push(node.outerHTML.slice(0, 120))
  }
  const ids = [...document.querySelectorAll('[id]')].map((node) => node.id)
  return wrong.concat(ids.filter((id, n) => ids.indexOf(id) !== n))
})()`

describe('anybody can use it', () => {
  test.each(['light', 'dark'] as const)(
    'in %s: every control has a name, every text enough contrast',
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await opened('#last=30d&severity=critical&severity=warning&initiator!=user-0')
      await row(1).click()
      await is('ok')
      for (const tab of ['Explanation', 'Proof', 'JSON', 'Event']) {
        await panel().getByRole('tab', { name: tab }).click()
        const worst = (await page.evaluate(CONTRAST)) as [number, string, string][]
        expect(worst.filter(([ratio]) => ratio < 4.5)).toEqual([])
      }
      expect(await page.evaluate(NAMELESS)).toEqual([])
      await shot(`viewer-${colorScheme}`)
      for (const [key, name] of [
        ['?', 'help'],
        ['e', 'export'],
        ['t', 'time'],
        ['f', 'add'],
      ] as const) {
        await page.keyboard.press(key)
        const worst = (await page.evaluate(CONTRAST)) as [number, string, string][]
        expect(worst.filter(([ratio]) => ratio < 4.5)).toEqual([])
        expect(await page.evaluate(NAMELESS)).toEqual([])
        await shot(`viewer-${name}-${colorScheme}`)
        await page.keyboard.press('Escape')
      }
    },
  )

  test('the switch goes before what the system says', async () => {
    await page.emulateMedia({ colorScheme: 'light' })
    await opened()
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor')
    const light = await ground()
    await page.getByRole('button', { name: /^Colours: as the system/ }).click()
    await page.getByRole('button', { name: /^Colours: light/ }).click()
    expect(await ground()).not.toBe(light)
    await page.reload()
    await rows().first().waitFor()
    expect(await ground()).not.toBe(light)
  })

  test('it fits 360 pixels', async () => {
    await page.setViewportSize({ width: 360, height: 740 })
    await opened('#last=30d&action=image.delete')
    const overflow =
      'document.documentElement.scrollWidth > innerWidth || [...document.querySelectorAll(".bar, .under, .filters, .histogram, .status")].some((node) => node.scrollWidth > node.clientWidth + 1)'
    expect(await page.evaluate(overflow)).toBe(false)
    await shot('viewer-narrow')
    await row(0).click()
    await is('ok')
    expect(await page.evaluate(overflow)).toBe(false)
    await shot('viewer-narrow-event')
    await panel().getByRole('button', { name: 'Close' }).click()
    await page.getByRole('button', { name: 'Values to filter by' }).click()
    await page
      .getByRole('dialog', { name: 'Filter by value' })
      .getByRole('button', { name: /^Location is jp-tok:/ })
      .click()
    await shows('it is a filter', async () => page.url().includes('location=jp-tok'))
  })

  test('nothing comes from anywhere else', async () => {
    const hosts = new Set<string>()
    page.on('request', (request) => hosts.add(new URL(request.url()).origin))
    await opened()
    await row(0).click()
    await is('ok')
    expect([...hosts]).toEqual([new URL(search.url).origin])
  })
})
