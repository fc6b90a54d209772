import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { sampleArchive } from '../archive.ts'
import { type SearchDoor, searchDoor } from './door.ts'

let door: SearchDoor

beforeAll(async () => {
  door = searchDoor()
  await sampleArchive(join(door.root, 'eu-de'), 300, { batch: 100 })
  await sampleArchive(join(door.root, 'jp-tok'), 50, { location: 'jp-tok', seed: 2 })
})
afterAll(() => door.close())

describe('GET /events', () => {
  test('answers the newest events of all locations', async () => {
    const { status, body } = await door.get('/events?limit=5')
    expect({ status, body }).toMatchObject({ status: 200 })
    expect(body.events).toHaveLength(5)
  })
})
