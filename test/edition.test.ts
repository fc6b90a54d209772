import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { edition, whereabouts } from '../lib/edition.ts'

const seed = readFileSync(resolve(import.meta.dirname, 'fixtures/seed/2020-07-28.md'), 'utf8')
const cells = (line: string) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('`', ''))
const lines = seed.split('\n').filter((line) => line.startsWith('| `') || line.startsWith('| Global'))
const seedActions = lines.map(cells).filter(([name]) => name?.startsWith('container-registry.'))
const seedRegions = lines.map(cells).filter(([name]) => !name?.startsWith('container-registry.'))

describe('edition 2020-07-28 is the seed page', () => {
  const tables = edition('2020-07-28')

  test('the fixture has what the page is known for', () => {
    expect(seedActions).toHaveLength(30)
    expect(seedActions.filter(([, , status]) => status === 'Deprecated')).toHaveLength(4)
    expect(seedActions.filter(([, , , data]) => data === 'True')).toHaveLength(5)
    expect(seedRegions).toHaveLength(6)
  })

  test('every action of the page is in the table, and no other', () => {
    const page = seedActions.map(([action, , status, data]) => [action, status === 'Deprecated', data === 'True'])
    const table = tables.actions.map((row) => [row.action, row.deprecated, row.dataEvent])
    expect(table.toSorted()).toEqual(page.toSorted())
  })

  test('every region of the page is in the mapping, and no other', () => {
    const page = seedRegions.map(([region, domain, location]) => [region?.toLowerCase(), domain, location])
    const table = tables.regions.map((row) => [row.region, row.domain, row.locationName])
    expect(table.toSorted()).toEqual(page.toSorted())
  })

  test('ap-south shows in Tokyo, the global registry in Dallas', () => {
    expect(tables.region('ap-south')?.locationName).toBe('Tokyo (jp-tok)')
    expect(tables.region('global')?.locationName).toBe('Dallas (us-south)')
  })
})

describe('edition 2026-08-11 is the newest page', () => {
  const tables = edition('2026-08-11')

  // Typed off the page, not off the table.
  const names = `auth.get auth.set plan.get plan.set quota.get quota.set settings.get settings.set image.inspect image.list
    image.tag image.untag manifest.inspect retention.analyze retention.list retention.set trash.list trash.restore
    image.bulkdelete image.delete image.pull image.push signature.delete signature.read signature.write namespace.create
    namespace.delete namespace.list account-vulnerability-report.list account-vulnerability-status.list
    image-vulnerability-report.read image-vulnerability-status.read exemption.create exemption.delete`
  const unlisted = ['container-registry.namespace.update', 'container-registry.retention.get']

  test('34 listed actions and 2 unlisted ones', () => {
    const page = names.split(/\s+/).map((name) => `container-registry.${name}`)
    expect(page).toHaveLength(34)
    const listed = tables.actions.filter((row) => row.listed).map((row) => row.action)
    expect(listed.toSorted()).toEqual(page.toSorted())
    expect(
      tables.actions
        .filter((row) => !row.listed)
        .map((row) => row.action)
        .toSorted(),
    ).toEqual(unlisted)
  })

  test('nothing is deprecated, seven are data events', () => {
    expect(tables.actions.filter((row) => row.deprecated)).toEqual([])
    expect(tables.actions.filter((row) => row.dataEvent)).toHaveLength(7)
  })

  test.each([
    ['au-syd', 'au.icr.io', 'Sydney (au-syd)', 'ap-southeast-2'],
    ['br-sao', 'br.icr.io', 'Sao Paulo (br-sao)', 'sa-east-1'],
    ['ca-mon', 'ca2.icr.io', 'Montreal (ca-mon)', 'ca-central-1'],
    ['ca-tor', 'ca.icr.io', 'Toronto (ca-tor)', 'ca-west-1'],
    ['eu-de', 'de.icr.io', 'Frankfurt (eu-de)', 'eu-central-1'],
    ['eu-es', 'es.icr.io', 'Madrid (eu-es)', 'eu-south-2'],
    ['eu-gb', 'uk.icr.io', 'London (eu-gb)', 'eu-west-2'],
    ['in-che', 'in.icr.io', 'Chennai - Airtel (in-che)', 'ap-south-2'],
    ['in-mum', 'in2.icr.io', 'Mumbai - Airtel (in-mum)', 'ap-south-1'],
    ['jp-osa', 'jp2.icr.io', 'Osaka (jp-osa)', 'ap-northeast-3'],
    ['jp-tok', 'jp.icr.io', 'Tokyo (jp-tok)', 'ap-northeast-1'],
    ['us-south', 'us.icr.io', 'Dallas (us-south)', 'us-east-2'],
    ['global', 'icr.io', 'Washington DC (us-east)', 'us-east-1'],
  ])('%s is %s and shows in %s', (region, domain, locationName, awsRegion) => {
    expect(tables.regions).toHaveLength(13)
    expect(tables.region(region)).toMatchObject({ region, domain, locationName, awsRegion })
  })
})

describe('the history between', () => {
  test.each([
    ['2019-10-28', 'container-registry.registrytoken.get', false],
    ['2019-10-29', 'container-registry.registrytoken.get', true],
    ['2020-10-19', 'container-registry.image.build', false],
    ['2020-10-20', 'container-registry.image.build', true],
  ])('on %s %s is deprecated: %s', (date, action, deprecated) => {
    expect(edition(date).action(action)?.deprecated).toBe(deprecated)
  })

  test.each([
    ['2021-08-22', 'container-registry.registrytokens.delete', true],
    ['2021-08-23', 'container-registry.registrytokens.delete', false],
    ['2022-01-17', 'container-registry.signature.read', false],
    ['2022-01-18', 'container-registry.signature.read', true],
    ['2019-12-18', 'container-registry.image.rm', true],
    ['2019-12-19', 'container-registry.image.rm', false],
    ['2020-10-01', 'container-registry.retention.get', false],
    ['2020-10-02', 'container-registry.retention.get', true],
  ])('on %s %s stands on the page: %s', (date, action, stands) => {
    expect(edition(date).action(action) !== undefined).toBe(stands)
  })

  test.each([
    ['2021-04-29', 'jp-osa', 'jp-tok'],
    ['2021-04-30', 'jp-osa', 'jp-osa'],
    ['2021-05-13', 'ca-tor', 'us-east'],
    ['2021-05-14', 'ca-tor', 'ca-tor'],
    ['2024-10-24', 'global', 'us-south'],
    ['2024-10-25', 'global', 'us-east'],
    ['2024-10-24', 'ap-south', 'jp-tok'],
    ['2024-10-25', 'ap-south', 'au-syd'],
  ])('on %s events of %s belong to %s', (date, region, location) => {
    expect(edition(date).region(region)?.location).toBe(location)
  })

  test('both names of a region are known in every edition, each edition shows its own', () => {
    expect(edition('2020-07-28').region('au-syd')?.region).toBe('ap-south')
    expect(edition('2025-03-18').region('ap-south')?.region).toBe('au-syd')
  })

  test('private and old domains mean the same registry', () => {
    const tables = edition('2020-07-28')
    expect(tables.domain('private.de.icr.io')).toBe(tables.region('eu-central'))
    expect(tables.domain('registry.ng.bluemix.net')).toBe(tables.region('us-south'))
  })
})

test.each(['2020-13-01', '2020-02-30', 'newest', '', '20200728', '2019-07-24', '2026-08-12'])(
  'edition %j is refused with a reason',
  (date) => {
    expect(() => edition(date)).toThrow(/is not a date|is outside of the tables known here: 2019-07-25 to 2026-08-11/)
  },
)

test.each(['__proto__', 'constructor', 'toString', ''])('look-ups of %j find nothing', (key) => {
  const tables = edition('2020-07-28')
  expect([tables.action(key), tables.region(key), tables.domain(key)]).toEqual([undefined, undefined, undefined])
})

test('whereabouts says which editions have an action', () => {
  expect(whereabouts('container-registry.settings.get')).toBe('it is in the editions from 2020-10-21 on')
  expect(whereabouts('container-registry.image.rm')).toBe('it is in the editions from 2019-06-13 to before 2019-12-19')
  expect(whereabouts('container-registry.image.explode')).toBeUndefined()
})
