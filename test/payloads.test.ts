import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { AuditEvent } from '../lib/event.ts'
import { sources } from '../lib/sources/index.ts'
import { type Body, type Door, door } from './door.ts'
import { type ExpectedEvent, type Row, rows } from './payloads.table.ts'
import { contradictions } from './sources/fills.ts'
import { senders } from './sources/senders/index.ts'
import * as ways from './sources/ways.ts'

// The sample payloads of every sender, read where they stand: PAYLOADS names their folder. They are no part of this repository; a folder of that
// name beside it is found without being told, and without either the tests say that they were skipped.

const FOLDER = resolve(import.meta.dirname, '..', process.env.PAYLOADS ?? '../shared/payloads')
const SECRET = 'secret'
const RECEIPT = '2026-11-22T13:00:00.12'

/** One payload in the list that comes with them. */
interface Listed {
  file: string
  /** A sequence is a list of bodies, one request each. */
  shape: 'body' | 'sequence'
  contentType: string | null
}

const read = (file: string): Buffer => readFileSync(resolve(FOLDER, file))
const listed = (): Listed[] => JSON.parse(read('index.json').toString('utf8')) as Listed[]

// How Artifact Registry does it without tokens stands with its sender; tokens have tests of their own.
const usual: Readonly<Record<string, ways.Way | undefined>> = {
  alibaba: ways.url,
  artifactory: ways.jfrogSecret,
  artifactregistry: senders.find(({ source }) => (source as string) === 'artifactregistry')?.ways[0],
  dockerhub: ways.url,
  gitea: ways.giteaSha256,
  github: ways.hubSha256,
  gitlab: ways.gitlabToken,
  harbor: ways.bare,
  nexus: ways.nexusSha1,
  quay: ways.url,
  zot: ways.basic,
}

/** Posts `body` to the source of `row` as its sender would, with `headers` in place of the row's own. */
async function post(
  to: Door,
  { file, source, way = usual[source] ?? ways.bearer, query = '', headers: own }: Row,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
) {
  if (!Object.hasOwn(sources, source)) throw new Error(`${file}: there is no source ${source}.`)
  const request = ways.send({ body, headers: { ...own, ...headers }, query }, way, way.credentials(body, SECRET))
  // The door adds a token to whatever has none.
  return to.post(`/webhooks/${source}`, body, { ...request, headers: { authorization: '', ...request.headers } })
}

function bodies({ file, shape }: Listed): Buffer[] {
  const bytes = read(file)
  if (shape === 'body') return [bytes]
  return (JSON.parse(bytes.toString('utf8')) as unknown[]).map((body) => Buffer.from(JSON.stringify(body)))
}

function listing(file: string): Listed {
  const entry = listed().find((one) => one.file === file)
  if (!entry) throw new Error(`${file} is not in the list of payloads.`)
  return entry
}

async function postAll(to: Door, row: Row) {
  const entry = listing(row.file)
  const answers: { status: number; body: Body }[] = []
  for (const body of bodies(entry)) {
    const contentType = entry.contentType ?? 'application/json'
    answers.push(await post(to, row, body, { 'content-type': contentType }))
  }
  return answers
}

const SAID: ReadonlySet<string> = new Set(['eventTime', 'initiator.name'])

/** What the table compares of an event. */
const summary = ({ action, target, initiator, eventTime, outcome, reason, route }: AuditEvent) => ({
  action,
  target: target.name,
  initiator: initiator.name,
  address: initiator.host.address,
  eventTime,
  outcome,
  ...(outcome === 'failure' ? { reasonCode: reason.reasonCode } : {}),
  // What the sender did not say.
  assumed: (route?.assumed ?? []).filter((field) => SAID.has(field)).sort(),
})

const expected = (
  [action, target, actor, address, time, failure]: ExpectedEvent,
  source: string,
): ReturnType<typeof summary> => ({
  action: `container-registry.${action}`,
  target: action.startsWith('image.') ? `de.icr.io/${target}` : target,
  initiator: actor || source,
  address,
  eventTime: `${time === 'receipt' ? RECEIPT : time}+0000`,
  outcome: failure ? 'failure' : 'success',
  ...(failure ? { reasonCode: failure } : {}),
  assumed: [...(time === 'receipt' ? ['eventTime'] : []), ...(actor ? [] : ['initiator.name'])],
})

async function checkHandshake(row: Row, handshake: NonNullable<Row['handshake']>) {
  const to = door()
  const [answer] = await postAll(to, row)
  expect(answer?.status).toBe(200)
  if (Object.keys(handshake).length > 0) expect(answer?.body).toEqual(handshake)
  expect(await to.intake()).toEqual([])
  expect(await to.quarantine()).toEqual([])
}

async function check(row: Row) {
  const to = door()
  const answers = await postAll(to, row)
  const events = await to.intake()
  const quarantined = answers.flatMap(({ body }) => body.quarantined ?? []).map(({ reason }) => reason)
  expect({
    statuses: [...new Set(answers.map(({ status }) => status))],
    events: events.map(summary),
    ignored: answers.reduce((sum, { body }) => sum + (body.ignored ?? 0), 0),
    quarantined,
  }).toEqual({
    statuses: [202],
    events: (row.events ?? []).map((event) => expected(event, row.source)),
    ignored: row.ignored ?? 0,
    quarantined: (row.quarantined ?? []).map((reasons) => expect.stringMatching(`^(${[reasons].flat().join('|')})$`)),
  })
  expect(events.flatMap(contradictions)).toEqual([])
  const accepted = answers.flatMap(({ body }) => body.accepted ?? []).map(({ id }) => id)
  expect(accepted).toEqual(events.map(({ id }) => id))
}

// Always there, so that a run without the payloads still lists the skip below.
test('no payload has two rows', () => {
  expect(new Set(rows.map(({ file }) => file)).size).toBe(rows.length)
})

if (existsSync(resolve(FOLDER, 'index.json'))) {
  describe('sample payloads', () => {
    test('every file has one row and every row a file', () => {
      expect(rows.map(({ file }) => file).sort()).toEqual(
        listed()
          .map(({ file }) => file)
          .sort(),
      )
    })

    test.each(rows.map((row): [string, Row] => [`${row.source}: ${row.file}`, row]))('%s', (_name, row) =>
      row.handshake ? checkHandshake(row, row.handshake) : check(row),
    )

    test.each(rows.filter(({ file, query }) => file.startsWith('quay/') && query?.startsWith('event=')))(
      'quay: $file tells its type by its shape, too',
      async (row) => check({ ...row, query: '' }),
    )

    test('github: one push, told as package and as registry_package, is one event', async () => {
      const row = rows.find(({ file }) => file === 'ghcr/package-published-index-tag.json') as Row
      const { package: pushed, ...rest } = JSON.parse(read(row.file).toString('utf8')) as Record<string, unknown>
      const to = door()
      const told = [
        { event: 'package', body: { ...rest, package: pushed } },
        { event: 'registry_package', body: { ...rest, registry_package: pushed } },
      ]
      for (const [index, { event, body }] of told.entries()) {
        const answer = await post(to, row, Buffer.from(JSON.stringify(body)), {
          'content-type': 'application/json',
          'x-github-event': event,
          'x-github-delivery': `b8e2c2d0-0000-4000-8000-00000000000${index}`,
        })
        expect(answer.status).toBe(202)
      }
      const ids = (await to.intake()).map(({ id }) => id)
      expect(ids).toHaveLength(2)
      expect(new Set(ids).size).toBe(1)
    })
  })
} else {
  test.skip(`sample payloads: there is no ${FOLDER}; PAYLOADS names their folder`, () => {})
}
