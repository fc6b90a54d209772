import { expect, test } from '@jest/globals'
import { derivedId } from '../lib/ids.ts'

// Made with Python's uuid.uuid5 over the compact JSON list of the parts.
test.each([
  [['a'], '45385c9c-7631-50a1-9c61-37c0207ed34a'],
  [['a', 'b'], 'dcf9d1cb-0ce5-5c6a-91d3-89c0198fceeb'],
  [['ab'], 'bf712cf3-c41e-5389-bdc0-6ea4545ed32c'],
  [
    ['distribution', '7030e566 push', 'container-registry.image.push', 'de.icr.io/team/app:v1'],
    '3cc7a7a5-b2cd-5390-b7ef-0cebcf29d10c',
  ],
  [['é', '\u0000'], '65b7ad9e-a52c-5dd1-b278-1591923e4578'],
])('%j is %s', (parts, id) => {
  expect(derivedId(...parts)).toBe(id)
})
