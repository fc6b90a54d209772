import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { type Functions, startFunctions } from './functions.ts'
import { distribution, harbor, pushed, signed } from './senders.ts'

// Clocks that disagree, and webhooks that come again much later.

const MINUTE = 60_000
const HOUR = 60 * MINUTE

let functions: Functions

beforeAll(async () => {
  functions = await startFunctions()
})
afterEach(async () => {
  jest.spyOn(Date, 'now').mockRestore()
  await functions.route()
  await functions.check()
  functions.forget()
})
afterAll(() => functions?.close())

const now = Date.now.bind(Date)

/** Runs `work` while the clock of the functions is `milliseconds` ahead. */
async function ahead<Result>(milliseconds: number, work: () => Promise<Result>): Promise<Result> {
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() + milliseconds)
  try {
    return await work()
  } finally {
    clock.mockRestore()
  }
}

const idsOf = ({ body }: { body: { accepted: { id: string }[] } }) => body.accepted.map(({ id }) => id)

describe.each([
  ['behind', -10 * MINUTE],
  ['ahead', 10 * MINUTE],
])("a clock that is 10 minutes %s of the sender's", (_where, offset) => {
  test('refuses what is signed with a time, keeps nothing of it, and takes it when the clock is right', async () => {
    const sent = () => signed(`offset-${offset}`, Math.floor(now() / 1000))
    const refused = await ahead(offset, () => functions.insist(sent()))
    expect(refused).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } })
    const answer = await functions.insist(sent())
    expect(answer.status).toBe(202)
    await functions.route()
    const found = (await functions.look()).get('registry-events-local-eu-de') ?? []
    expect(found.filter((id) => idsOf(answer).includes(id))).toHaveLength(1)
  })

  test.each([
    ['Distribution', () => distribution([pushed(`late-${offset}`)])],
    ['Harbor', () => harbor(`late-${offset}`)],
  ])('changes no id of %s, whose events say when they were', async (_name, make) => {
    const wrong = await ahead(offset, () => functions.insist(make()))
    const right = await functions.insist(make())
    expect([wrong.status, right.status]).toEqual([202, 202])
    expect(idsOf(wrong)).toEqual(idsOf(right))
  })
})

describe.each([
  ['4:59 minutes', 4 * MINUTE + 59_000, 202],
  ['5:01 minutes', 5 * MINUTE + 1000, 401],
  ['25 hours', 25 * HOUR, 401],
] as const)('a webhook that is replayed after %s', (_after, later, status) => {
  test(`is answered ${status} when it is signed with a time`, async () => {
    // Whole seconds, so that the age is what it says.
    const start = Math.floor(now() / 1000) * 1000
    const sent = signed(`replay-${later}`, start / 1000)
    const clock = jest.spyOn(Date, 'now')
    clock.mockReturnValue(start)
    const first = await functions.insist(sent)
    clock.mockReturnValue(start + later)
    const again = await functions.insist(sent)
    expect([first.status, again.status]).toEqual([202, status])
    if (again.status === 202) expect(idsOf(again)).toEqual(idsOf(first))
  })

  test('is the same event when it carries a token alone, however late it is', async () => {
    const sent = distribution([pushed(`replay-${later}`)])
    const first = await functions.insist(sent)
    const again = await ahead(later, () => functions.insist(sent))
    expect(again.status).toBe(202)
    expect(idsOf(again)).toEqual(idsOf(first))
  })
})
