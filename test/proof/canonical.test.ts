import { expect, test } from '@jest/globals'
import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { canonicalText } from '../../lib/proof/canonical.ts'

// Examples of RFC 8785: 3.2.2 (values) and 3.2.3 (order of keys).
test.each([
  [
    String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
      "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  ],
  [
    String.raw`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One",
      "\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`,
    `{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign",` +
      `"😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}`,
  ],
  // Numbers as keys are where JavaScript has an order of its own.
  ['{"10":1,"9":2,"!":3,"":4}', '{"":4,"!":3,"10":1,"9":2}'],
  ['{"a":{"10":1,"9":2},"b":[{"2":1,"10":2}]}', '{"a":{"10":1,"9":2},"b":[{"10":2,"2":1}]}'],
  ['[-0,1e21,1e-7,123456789012345680000]', '[0,1e+21,1e-7,123456789012345680000]'],
  ['{"__proto__":{"b":1,"a":2}}', '{"__proto__":{"a":2,"b":1}}'],
])('%s', (text, expected) => {
  expect(canonicalText(JSON.parse(text))).toBe(expected)
  expect(canonicalText(JSON.parse(expected))).toBe(expected)
})

test('is what the package canonicalize writes, of any value', () => {
  const key = fc.oneof(fc.constantFrom('1', '10', '9', 'a', '', '__proto__', '\ufb33', '😀'), fc.string())
  const value = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, fc.jsonValue({ maxDepth: 0 }), tie('array'), tie('object')),
    array: fc.array(tie('value'), { maxLength: 4 }),
    object: fc.dictionary(key, tie('value'), { maxKeys: 5 }),
  })).value
  fc.assert(
    fc.property(value, (made) => {
      // What JSON.parse makes has no undefined, no -0 and no objects without a prototype.
      const parsed: unknown = JSON.parse(JSON.stringify(made))
      expect(canonicalText(parsed)).toBe(canonicalize(parsed))
    }),
    { numRuns: 500 },
  )
})

test('a lone surrogate is written as its escape, so that no event is refused for one', () => {
  expect(canonicalText(JSON.parse('{"b":"x\\uD800y","a":"\\uDc00"}'))).toBe('{"a":"\\udc00","b":"x\\ud800y"}')
})

test('a number that is none, and what is nested too deep, is refused', () => {
  expect(() => canonicalText(JSON.parse('{"a":[1e999]}'))).toThrow(RangeError)
  expect(() => canonicalText(JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)))).toThrow(RangeError)
})
