import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sampleArchive } from '../archive.ts'
import { type SearchDoor, searchDoor } from './door.ts'

// What the search answers beside events and proofs.

let door: SearchDoor

beforeAll(async () => {
  door = searchDoor()
  await sampleArchive(join(door.root, 'eu-de'), 20)
  await sampleArchive(join(door.root, 'jp-tok'), 5, { location: 'jp-tok', seed: 2 })
})
afterAll(() => door.close())

test('GET /events/{id}/explain tells the steps of an event, for those who may see it', async () => {
  const { body: found } = await door.get('/events?limit=1&location=jp-tok')
  const [{ event, leaf }] = found.events
  const { status, body } = await door.get(`/events/${event.id}/explain`)
  expect(status).toBe(200)
  expect(body.id).toBe(event.id)
  const last = body.steps.slice(-2)
  expect(last).toMatchObject([
    { step: 'archived', location: 'jp-tok', leaf },
    { step: 'checkpoint', location: 'jp-tok', size: 5, root: found.complete[0].root },
  ])
  for (const { says } of body.steps) expect(says).toMatch(/^[A-Z].*\.$/)
  for (const [path, reader, code] of [
    [`/events/${event.id}/explain`, 'german', 'NOT_FOUND'],
    ['/events/none/explain', 'all', 'NOT_FOUND'],
    [`/events/${event.id}/explain?limit=1`, 'all', 'BAD_QUERY'],
    [`/events/${event.id}/explain`, '', 'UNAUTHENTICATED'],
  ] as const) {
    expect((await door.get(path, reader)).body.code).toBe(code)
  }
})

test('GET /searches lists the saved searches, and not where alerts go', async () => {
  const { status, body, text } = await door.get('/searches', 'german')
  expect(status).toBe(200)
  expect(body).toEqual({
    searches: [
      { id: 'failures', says: 'What failed.', query: 'outcome=failure' },
      {
        id: 'deletions',
        says: 'Somebody deletes images.',
        query: 'action=image.delete',
        atLeast: 1,
        to: 'webhook',
      },
    ],
  })
  expect(text).not.toContain('hooks.example.com')
  expect((await door.get('/searches', '')).body.code).toBe('UNAUTHENTICATED')
  expect((await door.get('/searches?x=1')).body.code).toBe('BAD_QUERY')
})
