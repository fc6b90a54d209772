import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { s3 } from '../../lib/stores/s3.ts'
import type { Store } from '../../lib/stores/store.ts'
import { type Answered, type Bucket, type Fault, openBucket, refused } from './bucket.ts'

// S3 when it is ill, and what only S3 has: locks, pages, accounts.

let bucket: Bucket
let store: Store
beforeAll(async () => {
  bucket = await openBucket()
})
afterAll(() => bucket.close())
beforeEach(async () => {
  bucket.fail()
  await bucket.empty()
  bucket.seen.length = 0
  store = s3(bucket.options)
})

const bytes = (text: string) => Buffer.from(text)
const xml = (body: string): Answered => ({ status: 200, headers: { 'content-type': 'application/xml' }, body })
const xmlHead = '<?xml version="1.0" encoding="UTF-8"?>'
const page = (inner: string) => xml(`${xmlHead}<ListBucketResult xmlns="urn:x">${inner}</ListBucketResult>`)
const entry = '<Contents><Key>a</Key><Size>1</Size><LastModified>2026-11-22T13:00:00.000Z</LastModified></Contents>'
const unavailable = (words = '') =>
  expect.objectContaining({ code: 'UNAVAILABLE', message: expect.stringContaining(words) })
const namesOf = async (from: Store, prefix = '') => (await Array.fromAsync(from.list(prefix))).map(({ name }) => name)

/** Fails the next `times` calls with `method`. */
const next = (times: number, method: string, fault: Fault): void => {
  let left = times
  bucket.fail((call) => (call.method === method && left-- > 0 ? fault(call) : undefined))
}

/** S3 does what it was asked to and nobody hears of it. */
const untold: Fault = async ({ done, response }) => {
  await done()
  response.destroy()
  return true
}
const reset: Fault = ({ response }) => {
  response.destroy()
  return true
}
/** Never answers. */
const hang: Fault = () => true
const half: Fault = async ({ done, response }) => {
  const { status, headers, body } = await done()
  response.writeHead(status, { ...headers, 'content-length': String((body?.length ?? 0) + 7) })
  response.write(body ?? '')
  response.destroy()
  return true
}

describe('what is no answer of S3 is UNAVAILABLE, and says where', () => {
  test.each<[string, Fault]>([
    ['500', () => refused(500, 'InternalError')],
    ['503 SlowDown', () => refused(503, 'SlowDown')],
    ['no answer', hang],
    ['a broken connection', reset],
    ['half of an answer', half],
    ['403', () => refused(403, 'AccessDenied')],
    ['no bucket', () => refused(404, 'NoSuchBucket')],
    ['a 404 of somebody else', () => ({ status: 404, body: '<html>not found</html>' })],
    ['a page of somebody else', () => ({ status: 200, body: '<html>log in</html>' })],
    ['a redirect', () => ({ status: 307, headers: { location: 'http://127.0.0.1:1/' } })],
  ])('%s', async (_name, fault) => {
    bucket.fail(fault)
    const impatient = s3({ ...bucket.options, timeout: 50 })
    const where = 'bucket archive in eu-central-1'
    await expect(impatient.get('log/checkpoint')).rejects.toEqual(unavailable(`Reading log/checkpoint in ${where}`))
    await expect(impatient.put('log/checkpoint', bytes('a'))).rejects.toEqual(
      unavailable(`Writing log/checkpoint in ${where}`),
    )
    await expect(impatient.create('journal/0', bytes('a'))).rejects.toEqual(
      unavailable(`Creating journal/0 in ${where}`),
    )
    await expect(impatient.replace('journal/0', bytes('a'), '"v"')).rejects.toEqual(unavailable('Replacing journal/0'))
    await expect(impatient.remove('journal/0')).rejects.toEqual(unavailable(`Removing journal/0 in ${where}`))
    await expect(namesOf(impatient, 'log/')).rejects.toEqual(unavailable(`Listing log/ in ${where}`))
  })

  test.each<[string, Answered]>([
    ['not XML', xml('{}')],
    ['nothing', xml('')],
    ['cut off', xml(`${xmlHead}<ListBucketResult>${entry}<IsTruncated>false</IsTruncated>`)],
    ['an entry is missing', page('<KeyCount>2</KeyCount><IsTruncated>false</IsTruncated>')],
    ['no count', page(`<IsTruncated>false</IsTruncated>${entry}`)],
    [
      'an entry without a size',
      page(`<KeyCount>1</KeyCount><IsTruncated>false</IsTruncated><Contents><Key>a</Key></Contents>`),
    ],
    ['no word of whether there is more', page(`<KeyCount>1</KeyCount>${entry}`)],
    ['more, and not where', page(`<KeyCount>1</KeyCount><IsTruncated>true</IsTruncated>${entry}`)],
    [
      'round in circles',
      page(
        `<KeyCount>1</KeyCount><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>${entry}`,
      ),
    ],
  ])('a listing: %s', async (_name, answer) => {
    bucket.fail(() => answer)
    await expect(namesOf(store)).rejects.toEqual(unavailable('Listing'))
  })
})

test('what S3 says against it is told, and nothing of the signature', async () => {
  bucket.fail(() => ({
    status: 403,
    body: '<Error><Code>SignatureDoesNotMatch</Code><Message>Authorization: AWS4-HMAC-SHA256 Credential=test</Message></Error>',
  }))
  const error = await store.get('a').catch(String)
  expect(error).toContain('403 SignatureDoesNotMatch')
  expect(error).not.toContain('AWS4')
})

describe('what passes is tried again', () => {
  test.each<[string, Fault]>([
    ['SlowDown', () => refused(503, 'SlowDown')],
    ['an internal error', () => refused(500, 'InternalError')],
    ['a broken connection', reset],
    ['an answer that never came', untold],
  ])('%s', async (_name, fault) => {
    next(1, 'PUT', fault)
    await store.put('a', bytes('1'))
    next(1, 'PUT', fault)
    expect(await store.create('b', bytes('1'))).toBe(true)
    next(1, 'PUT', fault)
    expect(await store.replace('b', bytes('2'), (await store.get('b'))?.version ?? '')).toBe(true)
    next(1, 'DELETE', fault)
    await store.remove('a')
    next(1, 'GET', fault)
    expect(await namesOf(store)).toEqual(['b'])
    next(1, 'GET', fault)
    expect((await store.get('b'))?.bytes.toString()).toBe('2')
  })

  test('a conflict with a write that is under way', async () => {
    next(1, 'PUT', () => refused(409, 'ConditionalRequestConflict'))
    expect(await store.create('a', bytes('1'))).toBe(true)
  })

  test('a refusal is not', async () => {
    bucket.fail(() => refused(403, 'AccessDenied'))
    await expect(store.put('a', bytes('1'))).rejects.toEqual(unavailable('AccessDenied'))
    expect(bucket.seen).toHaveLength(1)
  })
})

describe('when nobody heard whether a write was done', () => {
  test('a create that was done is found out', async () => {
    next(1, 'PUT', untold)
    expect(await store.create('journal/0', bytes('1'))).toBe(true)
    expect(bucket.seen.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'GET'])
  })

  test('one that was done by somebody else in between, with the same bytes, is not ours', async () => {
    next(1, 'PUT', async ({ response }) => {
      bucket.fail()
      expect(await s3(bucket.options).create('journal/0', bytes('1'))).toBe(true)
      response.destroy()
      return true
    })
    expect(await store.create('journal/0', bytes('1'))).toBe(false)
  })

  test('one that may still be done is told as such', async () => {
    next(9, 'PUT', reset)
    await expect(s3({ ...bucket.options, timeout: 300 }).create('journal/0', bytes('1'))).rejects.toEqual(unavailable())
  })

  test('a replace that was done is found out, one that was not is told as such', async () => {
    await store.put('log/checkpoint', bytes('1'))
    const version = (await store.get('log/checkpoint'))?.version ?? ''
    next(9, 'PUT', reset)
    const impatient = s3({ ...bucket.options, timeout: 300 })
    await expect(impatient.replace('log/checkpoint', bytes('2'), version)).rejects.toEqual(unavailable())
    next(1, 'PUT', untold)
    expect(await store.replace('log/checkpoint', bytes('2'), version)).toBe(true)
    next(1, 'PUT', reset)
    expect(await store.replace('log/checkpoint', bytes('3'), version)).toBe(false)
    expect((await store.get('log/checkpoint'))?.bytes.toString()).toBe('2')
  })

  test('and it can not be read either, it is told as such', async () => {
    bucket.fail(reset)
    await expect(s3({ ...bucket.options, timeout: 50 }).create('journal/0', bytes('1'))).rejects.toEqual(unavailable())
  })
})

test('a listing of more than a page is whole', async () => {
  const names = ['a/1', 'a/2', 'a/3', 'a/4', 'a/5', 'a/6', 'a/7']
  await Promise.all(names.map((name) => store.put(name, bytes(''))))
  bucket.seen.length = 0
  expect(await namesOf(store, 'a/')).toEqual(names)
  expect(bucket.seen).toHaveLength(3)
})

test('names are read out of XML as they are, and what has no name of ours is not there', async () => {
  const contents = ['a&#x2f;1', 'a&#47;2', 'a &amp; b &lt;&gt;&quot;&apos;', 'a/3'].map((name) =>
    entry.replace('<Key>a<', `<Key>${name}<`),
  )
  bucket.fail(() => page(`<KeyCount>4</KeyCount><IsTruncated>false</IsTruncated>${contents.join('\n')}`))
  expect(await namesOf(store)).toEqual(['a/1', 'a/2', 'a/3'])
})

test('a lock goes with everything but the journal and what alerts remember, until so many days from now', async () => {
  const locked = s3({ ...bucket.options, lock: { mode: 'compliance', days: 30 } })
  const before = Date.now()
  await locked.put('log/checkpoint', bytes('1'))
  await locked.create('journal/0', bytes('1'))
  await locked.create('alerts/deletions', bytes('1'))
  const [checkpoint, ...others] = bucket.seen.map(({ headers }) => headers)
  expect(checkpoint?.['x-amz-object-lock-mode']).toBe('COMPLIANCE')
  const days = (Date.parse(String(checkpoint?.['x-amz-object-lock-retain-until-date'])) - before) / 86_400_000
  expect(days).toBeCloseTo(30, 3)
  // SHA-256 of the text 1, by `printf 1 | openssl dgst -sha256 -binary | base64`.
  expect(checkpoint?.['x-amz-checksum-sha256']).toBe('a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s=')
  expect(others).toHaveLength(2)
  for (const headers of others) expect(Object.keys(headers).filter((name) => name.includes('lock'))).toEqual([])
})
