import { describe, expect, test } from '@jest/globals'
import { door } from './door.ts'

// The path of a Splunk HTTP event collector: what sends there can be given a host, a port and a token, and nothing else.

const entry = {
  event: { kind: 'pull_repo', account: 'team', repository: 'app', performer: 'ann', metadata_json: { tag: '1.0' } },
}
const PATH = '/services/collector/event'

const answerTo = async (path: string, authorization: string) => {
  const { status, body } = await door().post(path, entry, { headers: { authorization } })
  return [status, body.code ?? body.accepted.map(({ target }) => target).join()]
}

describe('the registry stands in the token', () => {
  test.each([
    ['Splunk quay:secret', [202, 'de.icr.io/team/app:1.0']],
    ['splunk  quay:secret', [202, 'de.icr.io/team/app:1.0']],
    ['Splunk quay:wrong', [401, 'UNAUTHENTICATED']],
    ['Splunk nobody:secret', [401, 'UNAUTHENTICATED']],
    ['Splunk secret', [401, 'UNAUTHENTICATED']],
    ['Splunk :secret', [401, 'UNAUTHENTICATED']],
    ['Splunk harbor:secret', [401, 'UNAUTHENTICATED']],
    ['Bearer quay:secret', [401, 'UNAUTHENTICATED']],
    ['', [401, 'UNAUTHENTICATED']],
  ])('%j', async (authorization, wanted) => {
    expect(await answerTo(PATH, authorization)).toEqual(wanted)
  })
})

describe('or in front of the path', () => {
  test.each([
    [`/webhooks/quay${PATH}`, [202, 'de.icr.io/team/app:1.0']],
    [`/webhooks/quay${PATH}/`, [202, 'de.icr.io/team/app:1.0']],
    [`/webhooks/quay/image${PATH}`, [202, 'de.icr.io/team/app:1.0']],
    [`/webhooks/nobody${PATH}`, [401, 'UNAUTHENTICATED']],
    [`/webhooks/quay/nothing${PATH}`, [404, 'NOT_FOUND']],
    [`/elsewhere/quay${PATH}`, [404, 'NOT_FOUND']],
  ])('%s', async (path, wanted) => {
    expect(await answerTo(path, 'Splunk secret')).toEqual(wanted)
  })
})

test('only POST', async () => {
  const { status } = await door().post(PATH, '', { method: 'GET', headers: { authorization: 'Splunk quay:secret' } })
  expect(status).toBe(404)
})
