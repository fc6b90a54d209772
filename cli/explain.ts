import { AwsError } from '../lib/aws.ts'
import type { QueueRef, Queues } from '../lib/queues/queue.ts'
import { CommandError } from './exits.ts'

// What went wrong with a queue, in a sentence that says which queue, which region, and what to do.

/** Where a call was going. */
export interface At {
  queue: QueueRef
  /** The permission that the call needs: `sqs:ReceiveMessage`. */
  permission: string
  stage: string
  /** Address of local emulation; `undefined` on AWS. */
  emulation: string | undefined
}

const RENEW = 'Get new ones, for example with `aws sso login`'
const CHECK = 'check AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY'

const denied = ({ queue, permission }: At) =>
  `Not allowed: ${permission} on ${queue.name} in ${queue.awsRegion}. Allow ${permission} on arn:aws:sqs:${queue.awsRegion}:*:${queue.name} for the user or role of these credentials.`
const absent = ({ queue, stage, emulation }: At) =>
  emulation
    ? `There is no queue ${queue.name} in ${queue.awsRegion} of the emulation at ${emulation}. Check --region: it is the one that the emulation was started with.`
    : `There is no queue ${queue.name} in ${queue.awsRegion}, or these credentials may not know of it. Check --stage (${stage}), --region, and the account of the credentials.`
const expired = ({ queue }: At) =>
  `The AWS credentials have expired, for ${queue.name} in ${queue.awsRegion}. ${RENEW}.`
const unknown = ({ queue }: At) =>
  `AWS does not know these credentials in ${queue.awsRegion}, for ${queue.name}: ${CHECK}, and whether the region is enabled for the account.`
const unsigned = ({ queue }: At) =>
  `AWS does not take the signature, for ${queue.name} in ${queue.awsRegion}: the secret access key is wrong, or this machine's clock is (${new Date().toISOString()}).`
const closed = ({ queue }: At) =>
  `${queue.awsRegion} is not enabled for the account: check --region, or enable it. The queue was ${queue.name}.`
const busy = ({ queue, permission }: At) =>
  `AWS is asked too often: ${permission} on ${queue.name} in ${queue.awsRegion}. Try again in a while.`
const full = ({ queue }: At) =>
  `Too many messages of ${queue.name} in ${queue.awsRegion} are hidden: SQS lets 120,000 be received at a time. Try again in ten minutes, or use --limit.`
const elsewhere = ({ queue }: At) =>
  `${queue.name} in ${queue.awsRegion} is not of that account: check ACCOUNT_ID and the credentials.`

/** What AWS's errors mean here, by the short name. */
const sentences: Readonly<Record<string, (at: At) => string>> = {
  AccessDenied: denied,
  AccessDeniedException: denied,
  'AWS.SimpleQueueService.NonExistentQueue': absent,
  ExpiredToken: expired,
  ExpiredTokenException: expired,
  IncompleteSignature: unsigned,
  InvalidAccessKeyId: unknown,
  InvalidAddress: elsewhere,
  InvalidClientTokenId: unknown,
  InvalidSignatureException: unsigned,
  'KMS.AccessDeniedException': denied,
  KmsAccessDenied: denied,
  MissingAuthenticationToken: unknown,
  NotAuthorized: denied,
  OptInRequired: closed,
  OverLimit: full,
  QueueDoesNotExist: absent,
  RequestExpired: unsigned,
  RequestThrottled: busy,
  SignatureDoesNotMatch: unsigned,
  Throttling: busy,
  ThrottlingException: busy,
  UnrecognizedClientException: unknown,
}

/** Errors that mean that a queue is not there. */
const ABSENT: ReadonlySet<string> = new Set(['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue'])

/** `error` and its causes, the outermost first. */
function* chain(error: unknown): Generator<Error> {
  for (let one = error; one instanceof Error; one = one.cause) yield one
}

/** Whether the queue is not there at all. */
export const isAbsent = (error: unknown): boolean =>
  [...chain(error)].some((one) => one instanceof AwsError && ABSENT.has(one.code))

/** `error` of a call as a sentence. A `CommandError` stays what it is. */
export function explain(error: unknown, at: At): CommandError {
  const errors = [...chain(error)]
  const told = errors.find((one) => one instanceof CommandError)
  if (told) return told
  const aws = errors.find((one) => one instanceof AwsError)
  if (aws) {
    const sentence = Object.hasOwn(sentences, aws.code) ? sentences[aws.code] : undefined
    const said = aws.message ? `\n${at.emulation ? 'It' : 'AWS'} says: ${aws.message}` : ''
    const { queue, permission } = at
    const plain = `AWS answered ${aws.code} (${aws.status}) to ${permission} on ${queue.name} in ${queue.awsRegion}.`
    return new CommandError('unreachable', `${sentence?.(at) ?? plain}${said}`, {
      cause: error,
      refused: aws.status < 500,
    })
  }
  const { queue, emulation } = at
  const why = errors.at(-1)?.message ?? String(error)
  const what = emulation
    ? `The emulation at ${emulation} can't be reached. Start it with \`npm start\`, or set EMULATOR_PORT; --stage says which deployment on AWS is meant. It was about ${queue.name} in ${queue.awsRegion}.`
    : `AWS can't be reached in ${queue.awsRegion}, for ${queue.name}: check --region and the network.`
  return new CommandError('unreachable', `${what}\nWhat happened: ${why}`, { cause: error, refused: false })
}

/** The permission that each method needs. */
const permissions: Readonly<Record<keyof Queues, string>> = {
  send: 'sqs:SendMessage',
  receive: 'sqs:ReceiveMessage',
  remove: 'sqs:DeleteMessage',
  removeAll: 'sqs:DeleteMessage',
  hide: 'sqs:ChangeMessageVisibility',
  hideAll: 'sqs:ChangeMessageVisibility',
  count: 'sqs:GetQueueAttributes',
  ready: 'sqs:GetQueueAttributes',
}

type Method = (queue: QueueRef, ...rest: readonly unknown[]) => Promise<unknown>

/** `queues` whose methods reject with a `CommandError` that explains itself. */
export function explained(queues: Queues, where: Pick<At, 'stage' | 'emulation'>): Queues {
  const methods = Object.entries(permissions).map(([name, permission]) => {
    const method = queues[name as keyof Queues] as Method
    const told: Method = (queue, ...rest) =>
      method(queue, ...rest).catch((error: unknown) => {
        throw explain(error, { ...where, queue, permission })
      })
    return [name, told]
  })
  return Object.fromEntries(methods) as Queues
}
