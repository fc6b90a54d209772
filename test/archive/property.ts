import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from '@jest/globals'
import fc from 'fast-check'
import { archiver } from '../../lib/archive/archive.ts'
import { archiveMessages } from '../../lib/archive/consume.ts'
import { toCanonicalText } from '../../lib/body.ts'
import { escapedName } from '../../lib/json.ts'
import { canonicalText } from '../../lib/proof/canonical.ts'
import { memory } from '../../lib/queues/memory.ts'
import { archiveQueue, deadLetterQueue } from '../../lib/queues/names.ts'
import { files } from '../../lib/stores/files.ts'
import { verifyArchive } from '../../lib/verify/archive.ts'
import { sampleEvents, sampleKey } from '../archive.ts'
import { NOW } from '../now.ts'
import { readArchive } from './check.ts'

const queue = archiveQueue('test', { location: 'eu-de', awsRegion: 'eu-central-1' })
const key = sampleKey()
const [sample] = [...sampleEvents(1)]

/** Any text, of which much is what JSON or Parquet could stumble over. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('\\', '"', '\n', 'u', 'a', '\ud83d', '\ude00', '\u0001', '\uffff', '😀', 'ü', '{', ':'),
  }),
)
const anything = fc.object({
  key: anyText,
  values: [anyText, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(null)],
})
const someTime = fc.constantFrom(
  '2026-10-01T10:00:00.12+0000',
  '2026-10-02T10:00:00.120Z',
  '2026-10-01T23:59:59.999+0000',
)
const event = fc
  .record({
    eventTime: someTime,
    requestData: anything,
    message: anyText,
    agent: anyText,
    target: anyText,
    more: anything,
  })
  .map(({ agent, target, more, ...rest }) => ({
    ...sample,
    ...rest,
    initiator: { ...sample?.initiator, host: { address: '192.0.2.10', agent } },
    target: { ...sample?.target, name: target, more },
  }))

/**
 * The property that random events are archived as what they are or, with names of fields that could be read as others, are dead letters; that nothing
 * waits; and that the archive verifies.
 */
export async function archivesAsItCame(numRuns: number): Promise<void> {
  const check = async (events: readonly object[]) => {
    const root = mkdtempSync(join(tmpdir(), 'archives-as-it-came-'))
    const queues = memory(() => NOW)
    for (const made of [queue, deadLetterQueue(queue)]) queues.create(made)
    const archive = archiver({ store: files(root), location: 'eu-de', key, now: () => NOW })
    // As the router has them: what JSON can say.
    const known = events.map((one, index): object => JSON.parse(JSON.stringify({ ...one, id: `id-${index}` })))
    const messages = known.map((one, index) => ({
      messageId: String(index),
      receiptHandle: String(index),
      receiveCount: 1,
      body: toCanonicalText(one),
      sentAt: NOW,
    }))
    const from = { queues, queue, location: 'eu-de', archiver: async () => archive, random: () => 0 }
    try {
      expect(await archiveMessages(messages, from, { event: 'archive' })).toEqual([])
      const good = known.filter((one) => escapedName(one) === undefined)
      expect((await queues.receive(deadLetterQueue(queue), 100, 0, 60)).length).toBe(known.length - good.length)
      if (good.length === 0) return
      expect(await readArchive(files(root), key)).toEqual(good.map(canonicalText))
      expect(await verifyArchive(root, { key: key.text, threads: 0 })).toMatchObject({ isWhole: true, findings: [] })
    } finally {
      rmSync(root, { recursive: true, force: true })
    }
  }
  await fc.assert(fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 20 }), check), { numRuns })
}
