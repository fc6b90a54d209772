import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type FauxqsServer, startFauxqs } from 'fauxqs'
import { toText } from '../../lib/body.ts'
import { memory } from '../../lib/queues/memory.ts'
import type { Message, QueueRef, Queues, Refusal } from '../../lib/queues/queue.ts'
import { batches, sizeOf } from '../../lib/queues/queue.ts'
import { sqs } from '../../lib/queues/sqs.ts'
import { onLoopback } from '../../local/sqs.ts'

// One suite over every queue backend: to add a backend, add its row.

const awsRegion = 'eu-central-1'
const credentials = () => ({ accessKeyId: 'test', secretAccessKey: 'test' })
const client = (endpoint: string, timeout = 5000) => sqs({ endpoint, accountId: '000000000000', timeout, credentials })

interface Backend {
  queues: Queues
  make(name: string, redrive?: { maxReceives: number; deadLetter: QueueRef }): QueueRef
  close(): Promise<void>
}

async function openSqs(): Promise<Backend> {
  const server: FauxqsServer = await onLoopback(() => startFauxqs({ port: 0, logger: false, defaultRegion: awsRegion }))
  return {
    queues: client(`http://127.0.0.1:${server.port}`),
    make(name, redrive) {
      const RedrivePolicy = JSON.stringify({
        deadLetterTargetArn: `arn:aws:sqs:${awsRegion}:000000000000:${redrive?.deadLetter.name}`,
        maxReceiveCount: redrive?.maxReceives,
      })
      server.createQueue(name, { region: awsRegion, attributes: redrive ? { RedrivePolicy } : {} })
      return { name, awsRegion }
    },
    close: () => server.stop(),
  }
}

async function openMemory(): Promise<Backend> {
  const queues = memory()
  return {
    queues,
    make(name, redrive) {
      queues.create({ name, awsRegion }, redrive)
      return { name, awsRegion }
    },
    close: async () => {},
  }
}

const message = (text: string): Message => ({
  body: toText({ text }),
  attributes: { type: 'audit', id: text.slice(0, 20) },
})

describe.each([
  ['sqs', openSqs],
  ['memory', openMemory],
])('%s', (_name, open) => {
  let backend: Backend
  let count = 0
  const fresh = () => backend.make(`queue-${++count}`)

  const drain = async (queue: QueueRef) => {
    const all = []
    for (
      let some = await backend.queues.receive(queue, 10, 0, 60);
      some.length > 0;
      some = await backend.queues.receive(queue, 10, 0, 60)
    ) {
      all.push(...some)
    }
    return all
  }

  beforeAll(async () => {
    backend = await open()
  })
  afterAll(() => backend.close())

  test('what is sent comes out as it was, with its attributes', async () => {
    const queue = fresh()
    const before = Date.now()
    const sent = [
      'plain',
      'é ß 漢 \u{1f600}',
      'tab\t\u0000\u001f\u007f\ufffe\uffff\ud800',
      '"quotes" \\ and <xml>&amp;',
    ].map(message)
    expect(
      await backend.queues.send(
        queue,
        sent.map((entry) => ({ ...entry, attributes: { type: 'audit', region: 'eu-de' } })),
      ),
    ).toEqual([])
    const received = await drain(queue)
    expect(received.map(({ body }) => body).toSorted()).toEqual(sent.map(({ body }) => body).toSorted())
    expect(received.map(({ body }) => JSON.parse(body).text)).toContain('tab\t\u0000\u001f\u007f\ufffe\uffff\ud800')
    for (const { attributes, receiveCount, sentAt } of received) {
      expect([attributes, receiveCount]).toEqual([{ type: 'audit', region: 'eu-de' }, 1])
      expect(sentAt).toBeGreaterThanOrEqual(before)
      expect(sentAt).toBeLessThanOrEqual(Date.now())
    }
  })

  test('nothing sent is nothing done', async () => {
    expect(await backend.queues.send(fresh(), [])).toEqual([])
  })

  test('more than ten messages, and more than one mebibyte in ten messages', async () => {
    const queue = fresh()
    const many = Array.from({ length: 25 }, (_, index) => message(`m${index}`))
    const large = Array.from({ length: 5 }, (_, index) => message(`${index}`.repeat(400_000)))
    expect(await backend.queues.send(queue, [...many, ...large])).toEqual([])
    expect((await drain(queue)).map(({ body }) => body).toSorted()).toEqual(
      [...many, ...large].map(({ body }) => body).toSorted(),
    )
  })

  test('an entry that the queue refuses is named, its neighbours are kept', async () => {
    const queue = fresh()
    const refused = { body: '"\uffff"', attributes: {} }
    const refusals = new Map<number, Refusal>()
    expect(await backend.queues.send(queue, [message('a'), refused, message('b')], undefined, refusals)).toEqual([1])
    expect([...refusals]).toEqual([[1, { sendersFault: true, why: expect.stringContaining('InvalidMessageContents') }]])
    expect((await drain(queue)).map(({ body }) => JSON.parse(body).text).toSorted()).toEqual(['a', 'b'])
  })

  test('a received message is hidden, comes back when it is given back, and counts its receives', async () => {
    const queue = fresh()
    await backend.queues.send(queue, [message('a')])
    const [first] = await backend.queues.receive(queue, 10, 0, 60)
    expect(await backend.queues.receive(queue, 10, 0, 60)).toEqual([])
    await backend.queues.hide(queue, first?.receipt ?? '', 0)
    const [second] = await backend.queues.receive(queue, 10, 1, 60)
    expect([second?.body, second?.receiveCount]).toEqual([first?.body, 2])
  })

  test('a removed message is gone', async () => {
    const queue = fresh()
    await backend.queues.send(queue, [message('a'), message('b')])
    const [first] = await backend.queues.receive(queue, 1, 0, 0)
    await backend.queues.remove(queue, first?.receipt ?? '')
    expect((await drain(queue)).map(({ body }) => body)).toEqual([
      first?.body === message('a').body ? message('b').body : message('a').body,
    ])
  })

  test('many messages are hidden and removed at once, and counted without being received', async () => {
    const queue = fresh()
    const texts = Array.from({ length: 25 }, (_, index) => `m${index}`)
    await backend.queues.send(queue, texts.map(message))
    expect(await backend.queues.count(queue)).toEqual({ waiting: 25, hidden: 0 })
    const received = await drain(queue)
    expect(await backend.queues.count(queue)).toEqual({ waiting: 0, hidden: 25 })
    const [back, ...rest] = received.map(({ receipt }) => ({ receipt, seconds: 60 }))
    expect(await backend.queues.hideAll(queue, [...rest, { receipt: back?.receipt ?? '', seconds: 0 }])).toEqual([])
    expect((await drain(queue)).map(({ body, receiveCount }) => [body, receiveCount])).toEqual([[received[0]?.body, 2]])
    const gone = received.slice(1, 13).map(({ receipt }) => receipt)
    expect(await backend.queues.removeAll(queue, gone)).toEqual([])
    expect(await backend.queues.count(queue)).toEqual({ waiting: 0, hidden: 13 })
    expect([await backend.queues.hideAll(queue, []), await backend.queues.removeAll(queue, [])]).toEqual([[], []])
  })

  test('of many to hide, those are named that nobody holds any more', async () => {
    const queue = fresh()
    await backend.queues.send(queue, [message('a'), message('b')])
    const [first, second] = await drain(queue)
    await backend.queues.remove(queue, first?.receipt ?? '')
    const hidings = [first, second].map((entry) => ({ receipt: entry?.receipt ?? '', seconds: 60 }))
    expect(await backend.queues.hideAll(queue, hidings)).toEqual([0])
  })

  test('what was received too often goes to the dead-letter queue as it is', async () => {
    const dead = backend.make(`dead-${count}`)
    const queue = backend.make(`queue-${++count}`, { maxReceives: 2, deadLetter: dead })
    await backend.queues.send(queue, [message('a'), message('b')])
    for (let turn = 1; turn <= 2; turn++) {
      const received = await drain(queue)
      expect(received.map(({ receiveCount }) => receiveCount)).toEqual([turn, turn])
      const hidings = received.map(({ receipt }) => ({ receipt, seconds: 0 }))
      await backend.queues.hideAll(queue, hidings)
    }
    expect(await drain(queue)).toEqual([])
    const found = await drain(dead)
    expect(found.map(({ body }) => body).toSorted()).toEqual([message('a').body, message('b').body])
    expect(found.map(({ attributes }) => attributes.type)).toEqual(['audit', 'audit'])
  })

  test('receiving waits for a message', async () => {
    const queue = fresh()
    const waiting = backend.queues.receive(queue, 10, 5, 60)
    await backend.queues.send(queue, [message('late')])
    expect((await waiting).map(({ body }) => JSON.parse(body).text)).toEqual(['late'])
  })

  test('a queue that is not there is unavailable, one that is there is ready', async () => {
    const nowhere = { name: 'nowhere', awsRegion }
    await expect(backend.queues.send(nowhere, [message('a')])).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(backend.queues.receive(nowhere, 1, 0, 0)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(backend.queues.ready(nowhere)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(backend.queues.count(nowhere)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const receipt = 'any'
    await expect(backend.queues.removeAll(nowhere, [receipt])).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(backend.queues.hideAll(nowhere, [{ receipt, seconds: 1 }])).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    await expect(backend.queues.ready(fresh())).resolves.toBeUndefined()
  })

  test('the same name in another region is another queue', async () => {
    const queue = fresh()
    await expect(backend.queues.send({ ...queue, awsRegion: 'us-east-1' }, [message('a')])).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
  })
})

describe('memory', () => {
  test('keeps a message as long as its queue says, counted from when it was first sent', async () => {
    let now = 0
    const queues = memory(() => now)
    const dead = { name: 'dead', awsRegion }
    const queue = { name: 'queue', awsRegion }
    queues.create(dead, { retentionSeconds: 100 })
    queues.create(queue, { retentionSeconds: 50, maxReceives: 1, deadLetter: dead })
    await queues.send(queue, [message('a')])
    now = 49_000
    await queues.receive(queue, 1, 0, 0)
    await queues.send(queue, [message('b')])
    expect(await queues.receive(queue, 1, 0, 0)).toEqual([])
    now = 99_000
    expect([await queues.count(queue), await queues.count(dead)]).toEqual([
      { waiting: 0, hidden: 0 },
      { waiting: 1, hidden: 0 },
    ])
    now = 100_000
    expect(await queues.count(dead)).toEqual({ waiting: 0, hidden: 0 })
  })
})

describe('batches', () => {
  test('are cut at ten entries and at one mebibyte, in order', () => {
    const sizes = [...Array.from({ length: 12 }, () => 10), 600_000, 500_000, 500_000, 1_000_000]
    const messages = sizes.map((size) => ({ body: 'x'.repeat(size), attributes: {} }))
    expect(batches(messages)).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [10, 11, 12], [13, 14], [15]])
  })

  test('attributes count', () => {
    expect(sizeOf({ body: 'é', attributes: { name: 'value' } })).toBe(2 + 4 + 6 + 5)
  })
})

// What a queue does when it is not well. `answers` are given in turn, the last one again and again.
describe('sqs against a server that is not well', () => {
  type Answer = (
    request: { body: string; socket: import('node:net').Socket },
    respond: (status: number, body: string) => void,
  ) => void
  const opened: Server[] = []

  async function serve(...answers: Answer[]): Promise<{ queues: Queues; calls: string[] }> {
    const calls: string[] = []
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk) => chunks.push(chunk))
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString()
        calls.push(body)
        const answer = answers[Math.min(calls.length, answers.length) - 1] as Answer
        answer({ body, socket: request.socket }, (status, text) => response.writeHead(status).end(text))
      })
    })
    opened.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return { queues: client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 300), calls }
  }

  afterAll(() => {
    for (const server of opened) {
      server.closeAllConnections()
      server.close()
    }
  })

  const queue = { name: 'any', awsRegion }
  const ids = (body: string): string[] => JSON.parse(body).Entries.map(({ Id }: { Id: string }) => Id)
  const takeAll: Answer = ({ body }, respond) =>
    respond(200, JSON.stringify({ Successful: ids(body).map((Id) => ({ Id })) }))

  test('an error keeps what the server said', async () => {
    const { queues } = await serve((_, respond) =>
      respond(403, '{"__type":"com.amazon.coral.service#AccessDeniedException","message":"no"}'),
    )
    await expect(queues.count(queue)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      cause: { code: 'AccessDeniedException', status: 403 },
    })
  })

  test.each<[string, Answer]>([
    ['answers 500', (_, respond) => respond(500, '{"__type":"com.amazonaws.sqs#InternalError","message":"oops"}')],
    ['answers a page of HTML', (_, respond) => respond(502, '<html>Bad gateway</html>')],
    ['hangs', () => {}],
    ['resets the connection', ({ socket }) => socket.destroy()],
    [
      'answers half a body',
      ({ socket }) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"Successful":['),
    ],
    ['throttles', (_, respond) => respond(400, '{"__type":"com.amazonaws.sqs#RequestThrottled"}')],
  ])('%s: unavailable, in time', async (_what, answer) => {
    const { queues } = await serve(answer)
    const start = performance.now()
    await expect(queues.send(queue, [message('a')])).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(performance.now() - start).toBeLessThan(3000)
  })

  test('an entry that failed once is sent again, alone', async () => {
    const { queues, calls } = await serve(
      (_, respond) =>
        respond(
          200,
          JSON.stringify({
            Successful: [{ Id: '0' }],
            Failed: [{ Id: '1', Code: 'InternalError', SenderFault: false }],
          }),
        ),
      takeAll,
    )
    expect(await queues.send(queue, [message('a'), message('b')])).toEqual([])
    expect(calls.map(ids)).toEqual([['0', '1'], ['1']])
  })

  test('an entry that is named neither as taken nor as failed was not taken', async () => {
    const { queues } = await serve((_, respond) => respond(200, '{}'))
    expect(await queues.send(queue, [message('a'), message('b')])).toEqual([0, 1])
  })

  test('what was taken stays taken when sending the rest again fails', async () => {
    const half = JSON.stringify({ Successful: [{ Id: '0' }], Failed: [{ Id: '1', Code: 'InternalError' }] })
    const { queues, calls } = await serve(
      (_, respond) => respond(200, half),
      (_, respond) => respond(500, '{}'),
    )
    expect(await queues.send(queue, [message('a'), message('b')])).toEqual([1])
    expect(calls.map(ids)).toEqual([['0', '1'], ['1']])
  })

  test('of what was refused it is told what was said, and whose fault it is', async () => {
    const failed = [
      { Id: '1', SenderFault: true, Code: 'InvalidMessageContents', Message: 'Invalid character.' },
      { Id: '2', SenderFault: false, Code: 'InternalError' },
      { Id: '3', SenderFault: true, Code: 'KMS.ThrottlingException' },
      { Id: '4', SenderFault: true, Code: 'RequestThrottled' },
    ]
    const { queues } = await serve((_, respond) =>
      respond(200, JSON.stringify({ Successful: [{ Id: '0' }], Failed: failed })),
    )
    const refusals = new Map<number, Refusal>()
    expect(await queues.send(queue, ['a', 'b', 'c', 'd', 'e', 'f'].map(message), undefined, refusals)).toEqual([
      1, 2, 3, 4, 5,
    ])
    expect([...refusals.values()]).toEqual([
      { sendersFault: true, why: 'InvalidMessageContents Invalid character.' },
      { sendersFault: false, why: 'InternalError' },
      { sendersFault: false, why: 'KMS.ThrottlingException' },
      { sendersFault: false, why: 'RequestThrottled' },
      { sendersFault: false, why: 'Unknown' },
    ])
  })

  test('a connection that was closed while it idled costs nothing', async () => {
    const { queues, calls } = await serve(takeAll, ({ socket }) => socket.destroy(), takeAll)
    await queues.send(queue, [message('a')])
    // The connection goes back to its pool after the answer was read.
    await new Promise(setImmediate)
    expect(await queues.send(queue, [message('b')])).toEqual([])
    expect(calls).toHaveLength(3)
  })
})
