import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, test } from '@jest/globals'
import { intakeQueue } from '../lib/queues/names.ts'
import { sqs } from '../lib/queues/sqs.ts'
import { groupCommits } from '../local/commits.ts'
import { ACCOUNT, startSqs } from '../local/sqs.ts'

// What was answered is on the disk: looked at through a connection of our own, as after a kill.

const folders: string[] = []
const servers: Server[] = []
const folder = () => {
  folders.push(mkdtempSync(join(tmpdir(), 'commits-')))
  return folders.at(-1) as string
}
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true })
})

test('a message is on the disk when SQS answers that it is kept, and gone from it when SQS answers that it is removed', async () => {
  const dataDir = folder()
  const server = await startSqs(0, dataDir, 'local', 'eu-central-1')
  const disk = new DatabaseSync(join(dataDir, 'fauxqs.db'), { readOnly: true })
  const bodies = () =>
    disk
      .prepare('SELECT body FROM sqs_messages')
      .all()
      .map(({ body }) => body)
  const queues = sqs({
    endpoint: `http://127.0.0.1:${server.port}`,
    accountId: ACCOUNT,
    timeout: 5000,
    credentials: () => ({ accessKeyId: 'a', secretAccessKey: 'b' }),
  })
  const intake = intakeQueue('local', 'eu-central-1')
  try {
    const sends = Array.from({ length: 40 }, async (_, index) => {
      const texts = [`${index}-a`, `${index}-b`]
      await queues.send(
        intake,
        texts.map((body) => ({ body, attributes: {} })),
      )
      expect(bodies()).toEqual(expect.arrayContaining(texts))
    })
    await Promise.all(sends)
    const received = await queues.receive(intake, 10, 0, 60)
    await queues.removeAll(
      intake,
      received.map(({ receipt }) => receipt),
    )
    expect([received.length, bodies().length]).toEqual([10, 70])
  } finally {
    disk.close()
    await server.stop()
  }
}, 20_000)

/** A database whose commits can fail, and a server that answers after it wrote what it was asked for. */
async function serve() {
  const path = join(folder(), 'test.db')
  const state = { failing: false }
  class Database extends DatabaseSync {
    override exec(sql: string): void {
      if (sql === 'COMMIT' && state.failing) throw new Error('disk full')
      super.exec(sql)
    }
  }
  const { watch, hold } = groupCommits()
  const { database, insert } = watch(() => {
    const database = new Database(path)
    database.exec('CREATE TABLE texts (text TEXT)')
    return { database, insert: database.prepare('INSERT INTO texts VALUES (?)') }
  })
  const server = createServer(({ url = '' }, response) => {
    insert.run(url)
    response.end('kept')
  })
  hold(server)
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    state,
    database,
    insert,
    ask: async (text: string) => (await fetch(`${address}/${text}`)).text(),
    read() {
      const disk = new DatabaseSync(path, { readOnly: true })
      const texts = disk
        .prepare('SELECT text FROM texts')
        .all()
        .map(({ text }) => text)
      disk.close()
      return texts
    },
  }
}

test('a commit that fails is no answer, and the next one is one again', async () => {
  const { state, ask, read, database } = await serve()
  expect(await ask('one')).toBe('kept')
  state.failing = true
  await expect(ask('two')).rejects.toThrow('fetch failed')
  state.failing = false
  expect(await ask('three')).toBe('kept')
  expect(read()).toEqual(['/one', '/three'])
  database.close()
})

test("the database's own transactions and its end wait for what was begun", async () => {
  const { database, insert, read } = await serve()
  insert.run('one')
  database.exec('BEGIN')
  insert.run('two')
  database.exec('ROLLBACK')
  expect(read()).toEqual(['one'])
  insert.run('three')
  database.close()
  expect(read()).toEqual(['one', 'three'])
})
