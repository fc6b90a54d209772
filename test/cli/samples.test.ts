import { expect, test } from '@jest/globals'
import { samples, sourceNames } from '../../cli/samples/index.ts'
import type { Told } from '../../cli/samples/sample.ts'
import { send } from '../../cli/samples/ways.ts'
import { edition } from '../../lib/edition.ts'
import { door, NOW } from '../door.ts'

// Every sample of every sender is taken by the router as what it says that it is.

const told: Told = {
  id: '0b4e2f60-7e10-4c39-9a52-c1a3f1de5b0c',
  time: NOW,
  repository: 'team/app',
  tag: 'sample-1',
  digest: `sha256:${'1f'.repeat(32)}`,
  domain: 'de.icr.io',
  initiator: 'alice',
  address: '192.0.2.10',
  agent: 'registry-events',
}

const tables = edition('2020-07-28')
const cases = sourceNames.flatMap((source) =>
  Object.entries(samples[source].actions).map(([action, write]) => ({ source, action, write })),
)

test.each(cases)('$source $action', async ({ source, action, write }) => {
  const name = `container-registry.${action}`
  const written = write(told)
  const way = written.way ?? samples[source].way(told)
  const draft = { body: Buffer.from(written.body), headers: { ...written.headers }, query: written.query ?? '' }
  const opened = door()
  const answer = await opened.post(`/webhooks/${source}`, draft.body, {
    ...send(draft, way, way.credentials(draft.body, 'secret')),
    headers: { authorization: '', ...send(draft, way, way.credentials(draft.body, 'secret')).headers },
  })
  expect(answer.status).toBe(202)
  if (!tables.action(name)) {
    expect(answer.body.quarantined).toMatchObject([{ reason: 'UNKNOWN_ACTION' }])
    return
  }
  expect(answer.body).toMatchObject({ accepted: [{ action: name }], ignored: 0, quarantined: [] })
  const [event] = await opened.intake()
  // Who names another registry than the configured one is told so; these senders have a domain of their own.
  if (!['ecr', 'github', 'dockerhub', 'alibaba'].includes(source))
    expect(event?.route?.contradictingDomain).toBeUndefined()
  expect(event?.eventTime.slice(0, 16)).toBe('2026-11-22T13:00')
  const refused = await door().post(`/webhooks/${source}`, draft.body, {
    ...send(draft, way, way.credentials(draft.body, 'wrong')),
    headers: { authorization: '', ...send(draft, way, way.credentials(draft.body, 'wrong')).headers },
  })
  expect(refused.status).toBe(401)
})

test('two samples are two events', async () => {
  for (const source of sourceNames) {
    const opened = door()
    const sample = samples[source]
    const write = sample.actions['image.push'] ?? sample.actions['image.untag']
    const ids = []
    for (const id of ['a1b2c3d4-0000-4000-8000-000000000001', 'a1b2c3d4-0000-4000-8000-000000000002']) {
      const one = { ...told, id, tag: `sample-${id.slice(-4)}` }
      const written = (write as NonNullable<typeof write>)(one)
      const way = written.way ?? sample.way(one)
      const draft = { body: Buffer.from(written.body), headers: { ...written.headers }, query: written.query ?? '' }
      const proven = send(draft, way, way.credentials(draft.body, 'secret'))
      const headers = { authorization: '', ...proven.headers }
      const answer = await opened.post(`/webhooks/${source}`, draft.body, { ...proven, headers })
      ids.push(answer.body.accepted[0]?.id)
    }
    expect(new Set(ids).size).toBe(2)
  }
})
