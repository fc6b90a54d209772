import { describe, expect, test } from '@jest/globals'
import { edition } from '../lib/edition.ts'
import { RouterError } from '../lib/errors.ts'
import { route } from '../lib/route.ts'

// The location mapping on two days, typed off the page, not off the table.

const PLACES: Readonly<Record<string, readonly [region: string, location: string, name: string, awsRegion: string][]>> =
  {
    '2020-07-28': [
      ['ap-north', 'jp-tok', 'Tokyo (jp-tok)', 'ap-northeast-1'],
      ['ap-south', 'jp-tok', 'Tokyo (jp-tok)', 'ap-northeast-1'],
      ['eu-central', 'eu-de', 'Frankfurt (eu-de)', 'eu-central-1'],
      ['uk-south', 'eu-gb', 'London (eu-gb)', 'eu-west-2'],
      ['us-south', 'us-south', 'Dallas (us-south)', 'us-east-2'],
      ['global', 'us-south', 'Dallas (us-south)', 'us-east-2'],
      // By its later name.
      ['au-syd', 'jp-tok', 'Tokyo (jp-tok)', 'ap-northeast-1'],
    ],
    '2026-08-11': [
      ['au-syd', 'au-syd', 'Sydney (au-syd)', 'ap-southeast-2'],
      ['ap-south', 'au-syd', 'Sydney (au-syd)', 'ap-southeast-2'],
      ['global', 'us-east', 'Washington DC (us-east)', 'us-east-1'],
      ['in-mum', 'in-mum', 'Mumbai - Airtel (in-mum)', 'ap-south-1'],
    ],
  }

describe.each(Object.entries(PLACES))('on %s', (date, rows) => {
  test.each(rows)('%s belongs to %s', (region, location, locationName, awsRegion) => {
    expect(route(region, date)).toEqual({ location, locationName, awsRegion })
    expect(route(region, edition(date))).toEqual({ location, locationName, awsRegion })
  })

  test.each(['mars', '', 'EU-CENTRAL', '__proto__'])('%j has no place, and nothing else is guessed', (region) => {
    const sentence = `Region ${JSON.stringify(region)} is not in the location mapping of edition ${date}.`
    expect(() => route(region, date)).toThrow(new RouterError('UNROUTABLE', sentence))
    expect(() => route(region, date)).toThrow(expect.objectContaining({ code: 'UNROUTABLE' }))
  })
})

test('a region of a later day has no place before', () => {
  expect(() => route('eu-es', '2020-07-28')).toThrow(expect.objectContaining({ code: 'UNROUTABLE' }))
})
