import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { verifyArchive } from '../../lib/verify/archive.ts'
import { type Emulation, startEmulation } from '../emulation.ts'
import { type Browser, startBrowser } from './browser.ts'
import { until } from './deadline.ts'
import { type Image, writeImage } from './image.ts'
import { checkTools, type Registry, skopeo, startRegistry } from './registry.ts'

// From a real client at a real registry to the eyes of whoever looks: what was pushed, pulled and deleted is seen in a real browser a
// moment later, and proven there.

/** Seconds in which an event is to be seen. */
const SOON = 5
const ARTEFACTS = resolve(import.meta.dirname, '../artefacts')
const LOCATION = 'eu-de'

let folder: string
let emulation: Emulation
let registry: Registry
let browser: Browser
let page: Page
let app: Image
const complaints: string[] = []

beforeAll(async () => {
  checkTools()
  mkdirSync(ARTEFACTS, { recursive: true })
  folder = mkdtempSync(join(tmpdir(), 'images-'))
  emulation = await startEmulation()
  registry = await startRegistry({ webhook: `${emulation.url}/webhooks/distribution`, secret: 'local' })
  app = writeImage(join(folder, 'app'), ['amd64'], `found ${new Date().toISOString()}`)
  browser = await startBrowser()
  page = await browser.context.newPage()
  page.on('pageerror', ({ message }) => complaints.push(message))
}, 60_000)

afterAll(async () => {
  await browser?.close()
  await Promise.allSettled([registry?.close(), emulation?.close()])
  if (folder) rmSync(folder, { recursive: true, force: true })
})

const row = (action: string) => page.locator('.line:not(.head):not(.waiting)').filter({ hasText: action })
const verdict = () => page.getByRole('complementary', { name: 'The event that is open' }).locator('.verdict')

/** Does `work` and resolves when the viewer shows an event of `action`, soon after. */
async function seen(action: string, work: () => Promise<unknown>): Promise<void> {
  await work()
  await row(action)
    .first()
    .waitFor({ timeout: SOON * 1000 })
}

/** Opens the event of `action` and resolves when the browser has proven it. */
async function proven(action: string): Promise<void> {
  await row(action).first().click()
  await until(
    `${action} is proven`,
    async () => (await verdict().getAttribute('data-state')) === 'ok',
    SOON,
    () => page.url(),
  )
}

test('what skopeo pushes, pulls and deletes is seen within seconds, and proven in the browser', async () => {
  await page.goto(`${emulation.url}/#last=1h&live=1`)
  await page.getByLabel('Secret of the reader').fill('local')
  await page.keyboard.press('Enter')
  const name = `docker://${registry.host}/team/app:1.0`
  await seen('image.push', () => skopeo('copy', '--dest-tls-verify=false', `oci:${app.layout}`, name))
  await proven('image.push')
  await seen('image.pull', () => skopeo('copy', '--src-tls-verify=false', name, `oci:${join(folder, 'pulled')}`))
  await proven('image.pull')
  await seen('image.delete', () => skopeo('delete', '--tls-verify=false', name))
  await proven('image.delete')
  await page.screenshot({ path: join(ARTEFACTS, 'found.png') })
  expect(complaints).toEqual([])
}, 60_000)

test('the files behind it verify', async () => {
  const { isWhole, findings, size } = await verifyArchive(join(emulation.stateDir, 'archive', LOCATION))
  expect({ isWhole, findings }).toEqual({ isWhole: true, findings: [] })
  expect(size).toBeGreaterThanOrEqual(3)
})
