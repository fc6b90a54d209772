import { expect, test } from '@jest/globals'
import { locate } from '../../lib/event.ts'
import type { RegistryConfig } from '../../lib/registries.ts'
import { route } from '../../lib/route.ts'
import { type Explained, explain, type Known, type Step } from '../../lib/search/explain.ts'
import { door } from '../door.ts'
import { cloudEvent } from '../samples.ts'

// Every step of an event, told from what is archived of it and from the tables.

const harbor: RegistryConfig = {
  id: 'hub',
  source: 'harbor',
  domain: 'hub.example.com',
  region: 'global',
  account: 'acme',
  accept: { retention: 'bulkdelete' },
}
const newest: RegistryConfig = {
  id: 'newest',
  source: 'cloudevents',
  domain: 'au.icr.io',
  region: 'ap-south',
  account: 'acme',
  editions: ['2020-07-28', '2026-08-11'],
}

const push = {
  type: 'PUSH_ARTIFACT',
  occur_at: Date.UTC(2026, 10, 22, 12, 59, 58) / 1000,
  operator: 'alice',
  event_data: {
    resources: [{ digest: `sha256:${'ab'.repeat(32)}`, tag: '1.0', resource_url: 'hub.example.com/team/app:1.0' }],
    repository: { name: 'app', namespace: 'team', repo_full_name: 'team/app' },
  },
}

const known = (...registries: readonly RegistryConfig[]): Known => ({
  registries: new Map(registries.map((registry) => [registry.id, registry])),
})

/** What is archived of the one event that `body`, posted to `registry`, becomes. */
async function archived(registry: RegistryConfig, body: unknown): Promise<Explained> {
  const to = door({ registries: [registry] })
  await to.post(`/webhooks/${registry.id}`, body)
  const [event] = await to.intake()
  if (!event?.route) throw new Error(JSON.stringify(await to.quarantine()))
  const { location } = route(event.route.region, event.route.edition)
  return {
    location,
    leaf: 1207,
    routedTime: '2026-11-22T13:00:00.300Z',
    archivedTime: '2026-11-22T13:02:30.300Z',
    event: locate(event, location),
  }
}

const stepOf = (steps: readonly Step[], name: Step['step']): Step | undefined => steps.find(({ step }) => step === name)

test('tells every step of an event, in order, with the time that each took', async () => {
  const item = await archived(harbor, push)
  const checkpoint = { size: 1208, root: 'cm9vdA==' }
  const explanation = explain(item, { ...known(harbor), checkpoint })
  expect(explanation).toEqual({
    id: item.event.id,
    steps: [
      {
        step: 'happened',
        says: 'It happened at 2026-11-22T12:59:58.00+0000, says the sender.',
        time: '2026-11-22T12:59:58.00+0000',
        assumed: false,
      },
      {
        step: 'received',
        says: "Its webhook came in at 2026-11-22T13:00:00.12+0000, 2.12 s after that, and proved to be the registry's.",
        time: '2026-11-22T13:00:00.12+0000',
        seconds: 2.12,
      },
      {
        step: 'registry',
        says: 'The registry hub (Harbor, hub.example.com) in region global sent it, for the account acme. It is still configured.',
        registry: 'hub',
        source: 'harbor',
        domain: 'hub.example.com',
        region: 'global',
        account: 'acme',
        configured: true,
        changed: [],
      },
      {
        step: 'rule',
        says: 'The sender told of "PUSH_ARTIFACT, by tag", which was read as container-registry.image.push. Its source says of that: image.push.',
        source: 'harbor',
        rule: 'PUSH_ARTIFACT, by tag',
        known: true,
        meaning: 'image.push',
        docs: 'docs/sources/harbor.md',
      },
      {
        step: 'action',
        says: 'The action table of edition 2020-07-28 has container-registry.image.push, "Push an image", a data event of the family image. The row says normal, and so does the event.',
        edition: '2020-07-28',
        action: 'container-registry.image.push',
        known: true,
        family: 'image',
        severity: 'normal',
        eventSeverity: 'normal',
        dataEvent: true,
        deprecated: false,
        description: 'Push an image',
      },
      {
        step: 'assumed',
        says: 'The sender does not say initiator.credential.type: the documented stand-in is there.',
        fields: ['initiator.credential.type'],
      },
      {
        step: 'location',
        says: 'In the location mapping of edition 2020-07-28: The global registry is in no region; the mapping has Dallas (us-south) for it.',
        edition: '2020-07-28',
        region: 'global',
        location: 'us-south',
        locationName: 'Dallas (us-south)',
        awsRegion: 'us-east-2',
        domain: 'icr.io',
        known: true,
        agrees: true,
      },
      {
        step: 'routed',
        says: 'The router sent it to the archive queue of us-south at 2026-11-22T13:00:00.300Z, 0.18 s after that.',
        time: '2026-11-22T13:00:00.300Z',
        seconds: 0.18,
        location: 'us-south',
      },
      {
        step: 'archived',
        says: 'It was archived at 2026-11-22T13:02:30.300Z, 2 min 30 s after that, as leaf 1207 of the log of us-south.',
        time: '2026-11-22T13:02:30.300Z',
        seconds: 150,
        location: 'us-south',
        leaf: 1207,
      },
      {
        step: 'checkpoint',
        says: 'The checkpoint of 1208 events of us-south covers it: that it is among them can be proved by the root cm9vdA==.',
        location: 'us-south',
        size: 1208,
        root: 'cm9vdA==',
      },
    ],
  })
})

test('a checkpoint that does not cover the event is no step of it', async () => {
  const item = await archived(harbor, push)
  const { steps } = explain(item, { ...known(harbor), checkpoint: { size: 1207, root: 'cm9vdA==' } })
  expect(stepOf(steps, 'checkpoint')).toBeUndefined()
})

test('tells what a setting made of it, and that the sender did not say when', async () => {
  const { occur_at: _time, ...rest } = push
  const body = {
    ...rest,
    type: 'TAG_RETENTION',
    event_data: { retention: { project_name: 'team', deleted_artifact: [{ name_tag: 'app:1.0' }] } },
  }
  const { steps } = explain(await archived(harbor, body), known(harbor))
  expect(stepOf(steps, 'rule')).toMatchObject({
    rule: 'TAG_RETENTION',
    meaning: "ignored: retention; with retention: 'bulkdelete' image.bulkdelete",
  })
  expect(stepOf(steps, 'happened')).toMatchObject({
    assumed: true,
    says: 'The sender does not say when it happened: 2026-11-22T13:00:00.12+0000, when its webhook came, stands for that.',
  })
})

test('tells of a failure why its severity is not that of the row', async () => {
  const { steps } = explain(await archived(harbor, { ...push, type: 'QUOTA_EXCEED' }), known(harbor))
  expect(stepOf(steps, 'rule')).toMatchObject({ meaning: 'image.push, failed (403)' })
  expect(stepOf(steps, 'action')).toMatchObject({ severity: 'normal', eventSeverity: 'critical' })
  expect(stepOf(steps, 'action')?.says).toContain(
    'The row says normal; the event is critical, because it ended in failure with the code 403.',
  )
})

test('a registry that is another today, or gone, is said to be so', async () => {
  const item = await archived(harbor, push)
  const moved = explain(item, known({ ...harbor, domain: 'new.example.com', region: 'eu-central' }))
  expect(stepOf(moved.steps, 'registry')).toMatchObject({
    configured: true,
    changed: [
      { field: 'domain', was: 'hub.example.com', is: 'new.example.com' },
      { field: 'region', was: 'global', is: 'eu-central' },
    ],
  })
  expect(stepOf(moved.steps, 'registry')?.says).toContain(
    'It is still configured, but differently: domain was hub.example.com and is new.example.com, region was global and is eu-central.',
  )
  const gone = explain(item, known())
  expect(stepOf(gone.steps, 'registry')).toMatchObject({ configured: false, changed: [] })
  expect(stepOf(gone.steps, 'registry')?.says).toContain('It is no longer configured.')
})

test('a CloudEvent names its action itself; a region by its later name is found, and so is an action of a later edition', async () => {
  const action = 'container-registry.settings.set'
  const item = await archived(newest, cloudEvent(action, 'settings'))
  const { steps } = explain(item, known(newest))
  expect(stepOf(steps, 'rule')).toMatchObject({ rule: action, known: true, meaning: 'the action that it names' })
  expect(stepOf(steps, 'action')).toMatchObject({ edition: '2026-08-11', family: 'settings' })
  expect(stepOf(steps, 'action')?.says).toContain('beside those of 2020-07-28')
  expect(stepOf(steps, 'location')?.says).toBe(
    'In the location mapping of edition 2020-07-28: Region ap-south has no location of its own; the mapping has Tokyo (jp-tok) for it.',
  )
  // Without the registry nothing says which other edition it was.
  expect(stepOf(explain(item, known()).steps, 'action')).toMatchObject({ known: false })
})

test('what was noted, and what was redriven, is a step of its own', async () => {
  const item = await archived(harbor, push)
  const provenance = {
    ...item.event.provenance,
    cleaned: ['initiator.name'],
    cut: ['requestData'],
    contradictingDomain: 'evil.example',
    redrivenTime: '2026-11-22T18:00:00.12+0000',
    redrivenFrom: '5e2c1c3e-0000-5000-8000-000000000000',
  } as typeof item.event.provenance
  const routedTime = '2026-11-22T18:00:00.110Z'
  const { steps } = explain({ ...item, routedTime, event: { ...item.event, provenance } as never }, known(harbor))
  expect(steps.map(({ step }) => step)).toEqual(
    // biome-ignore format: one line
    ['happened', 'received', 'registry', 'redriven', 'rule', 'action', 'assumed', 'cleaned', 'cut', 'location', 'routed', 'archived'],
  )
  expect(stepOf(steps, 'redriven')).toMatchObject({ seconds: 18_000, from: '5e2c1c3e-0000-5000-8000-000000000000' })
  expect(stepOf(steps, 'redriven')?.says).toContain('at 2026-11-22T18:00:00.12+0000, 5 h after that.')
  expect(stepOf(steps, 'cleaned')).toMatchObject({ fields: ['initiator.name'] })
  expect(stepOf(steps, 'cut')).toMatchObject({ fields: ['requestData'] })
  expect(stepOf(steps, 'registry')).toMatchObject({ contradictingDomain: 'evil.example' })
  expect(stepOf(steps, 'routed')?.says).toContain('0.01 s before that: two clocks disagree.')
})

test('what is not known here any more does not keep the rest from being told', async () => {
  const item = await archived(harbor, push)
  const provenance = { ...item.event.provenance, source: 'toString', rule: 'constructor', edition: '2031-01-01' }
  const { steps } = explain({ ...item, event: { ...item.event, provenance } as never }, known())
  expect(stepOf(steps, 'rule')).toMatchObject({ rule: 'constructor', known: false })
  expect(stepOf(steps, 'action')).toMatchObject({ edition: '2031-01-01', known: false })
  expect(stepOf(steps, 'location')).toMatchObject({ location: 'us-south', known: false })
  const { rule: _rule, ...older } = item.event.provenance as NonNullable<typeof item.event.provenance>
  const before = explain({ ...item, event: { ...item.event, provenance: older } as never }, known())
  expect(stepOf(before.steps, 'rule')).toMatchObject({ rule: null, known: false })
  const { steps: moved } = explain({ ...item, location: 'eu-de' }, known())
  expect(stepOf(moved, 'location')).toMatchObject({ location: 'eu-de', agrees: false })
})
