import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, type Aws, AwsError, type Rest, rest } from '../aws.ts'
import { RouterError } from '../errors.ts'
import { fingerprint } from '../ids.ts'
import { checkName, checkPrefix, isName, type Listed, type Store } from './store.ts'

/** For how long S3 keeps a version from being removed, and whether somebody with the permission may do it all the same. */
export interface Lock {
  mode: 'governance' | 'compliance'
  days: number
}

/** Where the bucket is. */
export interface S3Options extends Aws {
  awsRegion: string
  bucket: string
  /** The account that the bucket has to be of: the name of a bucket that is gone can be taken by anybody. */
  accountId?: string
  /** Most milliseconds of a call with its repetitions, and once more as many when it has to be read whether a write was done. */
  timeout: number
  /** Locks what is written, but not the journal and the state of alerts, which change all the time. Its bucket has to have object lock on. */
  lock?: Lock
}

/** Milliseconds before the second, third and fourth attempt, half of it by chance, so that many do not come back together. */
const PAUSES = [100, 400, 1600]
/** Names of what changes all the time, and proves nothing. */
const UNLOCKED = /^(?:journal|alerts)\//
/** Whether a `lock` is put on the object of this name. */
export const isLocked = (name: string): boolean => !UNLOCKED.test(name)
const DAY = 24 * 60 * 60 * 1000

/** Answers that say nothing about whether the call was done. `SlowDown` is a 503. */
const isPassing = (status: number): boolean => status >= 500 || status === 429 || status === 408

/** The text of the first element `name` of `xml`, or `undefined`. S3's answers have no CDATA and no attributes in them. */
function elementOf(xml: string, name: string): string | undefined {
  const [, text] = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml) ?? []
  return text === undefined ? undefined : decoded(text)
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

const decoded = (text: string): string =>
  text.replace(/&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(\w+));/g, (whole, hex, decimal, name) => {
    if (name) return ENTITIES[name] ?? whole
    const code = hex ? Number.parseInt(hex, 16) : Number(decimal)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })

/** What S3 says against a call: `NoSuchKey`, or `Unknown` when it does not say it as S3 does. */
function refusal({ status, body }: Answer): AwsError {
  const xml = body.toString()
  const isS3 = /<Error>.*<\/Error>\s*$/s.test(xml)
  const code = (isS3 && elementOf(xml, 'Code')) || 'Unknown'
  return new AwsError(status, code, (isS3 && elementOf(xml, 'Message')) || '')
}

interface Page {
  listed: Listed[]
  next: string | undefined
}

/** A page of a listing. Throws an `Error` for what is not whole, or not S3's. */
function parsePage(xml: string): Page {
  if (!/<ListBucketResult[\s>].*<\/ListBucketResult>\s*$/s.test(xml)) throw new Error('it is no listing')
  const listed = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, contents = '']) => {
    const [name, size, time] = ['Key', 'Size', 'LastModified'].map((element) => elementOf(contents, element))
    const modifiedAt = Date.parse(time ?? '')
    if (name === undefined || !/^\d+$/.test(size ?? '') || Number.isNaN(modifiedAt))
      throw new Error('an entry is not whole')
    return { name, size: Number(size), modifiedAt }
  })
  if (elementOf(xml, 'KeyCount') !== String(listed.length)) throw new Error('entries are missing')
  const truncated = elementOf(xml, 'IsTruncated')
  const next = elementOf(xml, 'NextContinuationToken')
  if (truncated !== 'false' && !(truncated === 'true' && next)) throw new Error('it does not say whether there is more')
  return { listed, next: truncated === 'true' ? next : undefined }
}

/** What came of a call: its answer, and whether an attempt before it may have been done. */
interface Asked {
  answer: Answer
  isRepeated: boolean
}

/** A store in a bucket of Amazon S3, or of whatever speaks its protocol at `options.endpoint`. Encryption is the bucket's. */
export function s3(options: S3Options): Store {
  const { awsRegion, bucket, endpoint, timeout, lock, accountId } = options
  const where = `bucket ${bucket} in ${awsRegion}`
  const url = new URL(endpoint ?? `https://${bucket}.s3.${awsRegion}.amazonaws.com`)
  const base = endpoint ? `/${bucket}/` : '/'
  const owner = accountId && !endpoint ? { 'x-amz-expected-bucket-owner': accountId } : {}

  const pathOf = (name: string): string => base + checkName(name).split('/').map(encodeURIComponent).join('/')

  const unavailable = (what: string, cause: unknown): RouterError => {
    const why = cause instanceof AwsError ? `${cause.status} ${cause.code} ${cause.message}` : (cause as Error).message
    return new RouterError('UNAVAILABLE', `${what} in ${where} failed: ${why.trim()}`, { cause })
  }

  /**
   * Makes the call, again when S3 is busy or does not answer and there is time. Resolves to an answer that says something. Rejects with
   * what went wrong last; `unsure` is set when the call may have been done.
   */
  async function ask(
    method: Rest['method'],
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: Buffer,
  ): Promise<Asked> {
    const end = performance.now() + timeout
    const request: Rest = {
      service: 's3',
      region: awsRegion,
      url,
      method,
      path,
      headers: { ...owner, ...headers },
      ...(body && { body }),
    }
    let unsure = false
    for (let attempt = 0; ; attempt++) {
      let failure: Error
      try {
        const answer = await rest(options, request, end - performance.now())
        const isConflict = answer.status === 409 && refusal(answer).code === 'ConditionalRequestConflict'
        if (!isPassing(answer.status) && !isConflict) return { answer, isRepeated: unsure }
        failure = refusal(answer)
        unsure ||= !isConflict
      } catch (error) {
        failure = error as Error
        unsure = true
      }
      const pause = (PAUSES[attempt] ?? Number.POSITIVE_INFINITY) * (1 - Math.random() / 2)
      if (performance.now() + pause >= end) throw Object.assign(failure, { unsure })
      await sleep(pause)
    }
  }

  async function read(name: string): Promise<{ bytes: Buffer; version: string; by: unknown } | undefined> {
    const { answer } = await ask('GET', pathOf(name), {})
    const { status, headers, body } = answer
    // A 404 of anybody else, a proxy or a bucket that is not there, says nothing about the object.
    if (status === 404 && refusal(answer).code === 'NoSuchKey') return undefined
    if (status !== 200) throw refusal(answer)
    if (!headers.etag) throw new Error('the answer is not that of S3: it has no ETag')
    return { bytes: body, version: headers.etag, by: headers['x-amz-meta-write'] }
  }

  const lockOf = (name: string): Record<string, string> =>
    lock && isLocked(name)
      ? {
          'x-amz-object-lock-mode': lock.mode.toUpperCase(),
          'x-amz-object-lock-retain-until-date': new Date(Date.now() + lock.days * DAY).toISOString(),
        }
      : {}

  function write(name: string, bytes: Uint8Array, headers: Readonly<Record<string, string>>): Promise<Asked> {
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const digest = fingerprint(body)
    return ask(
      'PUT',
      pathOf(name),
      {
        'Content-Type': 'application/octet-stream',
        'Content-Length': String(body.length),
        'X-Amz-Content-Sha256': digest,
        // S3 wants a checksum of what it locks, and checks it.
        'x-amz-checksum-sha256': Buffer.from(digest, 'hex').toString('base64'),
        ...lockOf(name),
        ...headers,
      },
      body,
    )
  }

  /** Whether `answer` says that the object was written. Throws what it says against it. */
  const isWritten = (answer: Answer): boolean => {
    if (answer.status !== 200) throw refusal(answer)
    if (!answer.headers.etag) throw new Error('the answer is not that of S3: it has no ETag')
    return true
  }

  /** Answers to a condition that did not hold. */
  const isRefused = (answer: Answer): boolean =>
    answer.status === 412 || (answer.status === 404 && refusal(answer).code === 'NoSuchKey')

  /**
   * Writes on a condition. When an attempt may have been done whatever was answered, it is read who wrote what is there now: every write has a
   * mark of its own. `before` is the version that was to be written over.
   */
  async function writeIf(
    name: string,
    bytes: Uint8Array,
    condition: Record<string, string>,
    before?: string,
  ): Promise<boolean> {
    const mark = randomUUID()
    const failed = async (error: unknown): Promise<boolean> => {
      const now = await read(name)
      if (now?.by === mark) return true
      if (!now || now.version === before) throw error
      return false
    }
    let asked: Asked
    try {
      asked = await write(name, bytes, { ...condition, 'x-amz-meta-write': mark })
    } catch (error) {
      if (!(error as { unsure?: boolean }).unsure) throw error
      return failed(error)
    }
    if (!isRefused(asked.answer)) return isWritten(asked.answer)
    return asked.isRepeated && failed(refusal(asked.answer))
  }

  /** `work`, which rejects with `UNAVAILABLE`. */
  const told = async <Result>(what: string, work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work()
    } catch (error) {
      throw unavailable(what, error)
    }
  }

  return {
    async get(name) {
      checkName(name)
      const found = await told(`Reading ${name}`, () => read(name))
      return found && { bytes: found.bytes, version: found.version }
    },
    async put(name, bytes) {
      checkName(name)
      await told(`Writing ${name}`, async () => isWritten((await write(name, bytes, {})).answer))
    },
    async create(name, bytes) {
      checkName(name)
      return told(`Creating ${name}`, () => writeIf(name, bytes, { 'If-None-Match': '*' }))
    },
    async replace(name, bytes, version) {
      checkName(name)
      return told(`Replacing ${name}`, () => writeIf(name, bytes, { 'If-Match': version }, version))
    },
    async remove(name) {
      checkName(name)
      await told(`Removing ${name}`, async () => {
        const { answer } = await ask('DELETE', pathOf(name), {})
        if (answer.status !== 204) throw refusal(answer)
      })
    },
    async *list(prefix) {
      const start = checkPrefix(prefix)
      let after: string | undefined
      do {
        const query = `list-type=2&prefix=${encodeURIComponent(start)}`
        const more = after ? `continuation-token=${encodeURIComponent(after)}&` : ''
        const page = await told(`Listing ${prefix}`, async () => {
          const { answer } = await ask('GET', `${base}?${more}${query}`, {})
          if (answer.status !== 200) throw refusal(answer)
          const read = parsePage(answer.body.toString())
          if (read.next && read.next === after) throw new Error('it goes round in circles')
          return read
        })
        yield* page.listed.filter(({ name }) => isName(name))
        after = page.next
      } while (after)
    },
  }
}
