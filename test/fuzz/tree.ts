import fc from 'fast-check'

// JSON documents that are changed where they hurt: also into what JavaScript's own objects can't hold, such as keys that stand twice
// and numbers that are too large.

/** A number, spelt as it is. */
class Spelt {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** An object; keys may be any and stand more than once. */
class Fields {
  readonly entries: readonly Child[]
  constructor(entries: readonly Child[]) {
    this.entries = entries
  }
}

/** A JSON document. */
export type Tree = string | number | boolean | null | Spelt | Fields | readonly Tree[]
/** A part of an object or of a list, where its key is of no meaning. */
type Child = readonly [key: string, value: Tree]

const isList = (tree: Tree): tree is readonly Tree[] => Array.isArray(tree)

/** `value`, which was parsed, as a tree. */
export function toTree(value: unknown): Tree {
  if (Array.isArray(value)) return value.map(toTree)
  if (typeof value === 'object' && value !== null)
    return new Fields(Object.entries(value).map(([key, inner]) => [key, toTree(inner)]))
  return value as string | number | boolean | null
}

/** `tree` as JSON text. */
export function toJson(tree: Tree): string {
  if (tree instanceof Spelt) return tree.text
  if (tree instanceof Fields)
    return `{${tree.entries.map(([key, value]) => `${JSON.stringify(key)}:${toJson(value)}`).join()}}`
  return isList(tree) ? `[${tree.map(toJson).join()}]` : JSON.stringify(tree)
}

const size = (tree: Tree): number => {
  const inner = tree instanceof Fields ? tree.entries.map(([, value]) => value) : isList(tree) ? tree : []
  return inner.reduce((sum: number, value) => sum + size(value), 1)
}

/** What becomes of a part: none, one or several. */
type Change = (child: Child) => readonly Child[]

/** `tree` with `change` made at its `at`th part. */
function changeAt(tree: Tree, at: number, change: Change): Tree {
  let left = at
  const visit = (child: Child): readonly Child[] => {
    if (left < 0) return [child]
    if (left-- === 0) return change(child)
    const [key, value] = child
    if (value instanceof Fields) return [[key, new Fields(value.entries.flatMap(visit))]]
    return isList(value) ? [[key, value.flatMap((inner) => visit(['', inner]).map(([, changed]) => changed))]] : [child]
  }
  return visit(['', tree])[0]?.[1] ?? null
}

/** Every text of `LONG` begins and ends so: one that has the beginning alone was cut. */
export const BEGINS = 'begins0'
export const ENDS = '0ends'
const LONG = [40, 64, 96, 128, 255, 350, 512, 1024, 1100, 5000, 40_000].flatMap((length) =>
  [-1, 0, 1].map((more) => BEGINS + 'a'.repeat(length + more - BEGINS.length - ENDS.length) + ENDS),
)

const KEYS = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  'then',
  'toJSON',
  '',
  ' ',
  '0',
  'id',
  'x',
]

// biome-ignore format: a list of words
const TEXTS = [
  '', ' ', '0', '-1', 'null', 'true', 'NaN', '[]', '{}', '\u0000', 'a\u0000b', '\ud800', 'a\udc00b', '\u202e', '\ufeff', '\ufffe\uffff', '\u2028',
  '\u{1f600}', 'é', 'e\u0301', 'İ', '/', '//', ':', '@', '@:', 'a:b@c', 'a/b:c@sha256:0', '../..', '%', '%zz', '%ff', '%00', '+', 'a b', 'latest', 'team/app',
  'sha256', 'sha256:', `sha256:${'0'.repeat(64)}`, `sha256:${'F'.repeat(64)}`, `sha256-${'a'.repeat(64)}.sig`, 'https://', 'https://[', 'http://a:b@c:99999/x',
  'https://user:pw@hub.example.com:5000/v2/a/manifests/b?c#d', 'javascript:1', 'pkg:oci/app@sha256%3A00?tag=1', 'pkg:', '192.0.2.1:80', '::1', '[::1]:80', '10.0.0.0/8',
  '1000-01-01T00:00:00+23:59', '0001-01-01T00:00:00Z', '2020-02-30T00:00:00Z', '9999-12-31T23:59:60Z', '2026-11-22T12:00:00.123456789Z', '2026-11-22 12:00:00', '1e3',
  'ping', 'push', 'pull', 'delete', 'crn:v1:bluemix:public:container-registry::a/acme::namespace:x', ...KEYS,
]

const NUMBERS = [
  '1e400',
  '-1e400',
  '1e-400',
  '-0',
  '0',
  '-1',
  '1.5',
  '9007199254740993',
  '1e21',
  '253402300800',
  '1700000000',
  '1700000000000',
  '0.1e1',
]

const list = (value: Tree, length: number): Tree => Array.from({ length }, () => value)

const STRUCTURES: readonly Tree[] = [
  true,
  false,
  null,
  [],
  [null],
  [[]],
  list('a', 70),
  list(new Fields([]), 30),
  new Fields([]),
  new Fields(KEYS.map((key) => [key, new Fields([[key, 1]])])),
  new Fields(KEYS.map((key) => [key, key])),
  new Fields(KEYS.map((key) => [key, null])),
]

/** Any text at all: control characters and lone surrogates are in it. */
export const anyText: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.nat(0x17f), fc.nat(0xffff), fc.integer({ min: 0xd7f0, max: 0xe00f })), { maxLength: 12 })
  .map((units) => String.fromCharCode(...units))

const text = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 2, arbitrary: fc.constantFrom(...LONG) },
  { weight: 2, arbitrary: anyText },
)

const value: fc.Arbitrary<Tree> = fc.oneof(
  { weight: 5, arbitrary: text },
  { weight: 2, arbitrary: fc.constantFrom(...NUMBERS).map((spelt) => new Spelt(spelt)) },
  { weight: 2, arbitrary: fc.constantFrom(...STRUCTURES) },
)

const nested = (inner: Tree, levels: number): Tree => {
  let outer = inner
  for (let level = 0; level < levels; level++) outer = level % 2 ? [outer] : new Fields([['x', outer]])
  return outer
}

/** What may become of a text. */
const respelt = fc.oneof(
  text.map((more) => (old: string) => old + more),
  text.map((more) => (old: string) => more + old),
  fc.nat(200).map((at) => (old: string) => (old.includes(BEGINS) ? old : old.slice(0, at))),
  fc.constant((old: string) => old.toUpperCase()),
  fc.constant((old: string) => old.replace(/[:@/]/, '')),
  fc.constant((old: string) => encodeURIComponent(old.toWellFormed())),
)

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.constant<Change>(() => []),
  fc.constant<Change>((child) => [child, child]),
  {
    weight: 5,
    arbitrary: value.map(
      (other): Change =>
        ([key]) => [[key, other]],
    ),
  },
  value.map(
    (other): Change =>
      (child) => [child, [child[0], other]],
  ),
  fc.tuple(fc.constantFrom(...KEYS), value).map(
    ([key, other]): Change =>
      (child) => [child, [key, other]],
  ),
  fc.constantFrom(...KEYS).map(
    (key): Change =>
      ([, inner]) => [[key, inner]],
  ),
  fc.constantFrom(1, 2, 60, 64, 65, 70, 300).map(
    (levels): Change =>
      ([key, inner]) => [[key, nested(inner, levels)]],
  ),
  {
    weight: 3,
    arbitrary: respelt.map(
      (spell): Change =>
        (child) =>
          typeof child[1] === 'string' ? [[child[0], spell(child[1])]] : [child],
    ),
  },
)

/** Changes of a document: none to four, each somewhere in it. */
export const changes: fc.Arbitrary<(tree: Tree) => Tree> = fc
  .array(fc.tuple(fc.nat(), change), { maxLength: 4 })
  .map((all) => (tree) => all.reduce((made, [at, how]) => changeAt(made, at % size(made), how), tree))

/** Changes of the very bytes: seldom any. */
export const spoils: fc.Arbitrary<(bytes: Buffer) => Buffer> = fc.oneof(
  { weight: 12, arbitrary: fc.constant((bytes: Buffer) => bytes) },
  fc.nat().map((at) => (bytes: Buffer) => bytes.subarray(0, at % (bytes.length + 1))),
  fc.tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 4 })).map(([at, array]) => (bytes: Buffer) => {
    const cut = at % (bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, cut), array, bytes.subarray(cut + array.length)])
  }),
  fc.constant((bytes: Buffer) => Buffer.concat([Buffer.from('\ufeff'), bytes])),
)

/** Text that may stand in a header. */
export const headerText = text.filter((made) => made.length < 2000)
