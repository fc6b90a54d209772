import middy from '@middy/core'
import type {
  APIGatewayProxyEventV2,
  APIGatewayProxyStructuredResultV2,
  SQSBatchResponse,
  SQSEvent,
  SQSRecord,
} from 'aws-lambda'
import { answerError, securityHeaders } from '../answers.ts'
import { metricsStage } from '../config.ts'
import { type Entry, log } from '../log.ts'
import { metricsOf } from '../metrics.ts'
import { checkSize, type Request, type Response } from '../request.ts'
import type { IntakeMessage } from '../routable.ts'

// AWS Lambda: the only importer of middy. What the platform hands over is turned into ours before the handler and back after it.

/** One call of a function: what came in, and its line in the log. */
interface Call<Input> {
  input: Input
  entry: Entry
  start: number
}

/** The bytes of the body. Throws `TOO_LARGE`, before they are decoded, when there are more than `limit`. */
function toBody({ body: sent, isBase64Encoded }: APIGatewayProxyEventV2, limit: number): Buffer {
  const body = sent ?? ''
  const encoding = isBase64Encoded ? 'base64' : 'utf8'
  checkSize(Buffer.byteLength(body, encoding), limit)
  return Buffer.from(body, encoding)
}

/**
 * The request as it was sent. An HTTP API hands most content types over in base64, all of Distribution's and CloudEvents' among
 * them, and has lower-cased the header names. The body is decoded when it is looked at.
 */
export function toRequest(event: APIGatewayProxyEventV2, bodyLimit: number): Request {
  let body: Buffer | undefined
  return {
    method: event.requestContext.http.method,
    address: event.requestContext.http.sourceIp,
    path: event.rawPath,
    query: event.rawQueryString,
    headers: event.headers as Record<string, string>,
    get body() {
      body ??= toBody(event, bodyLimit)
      return body
    },
    receivedAt: Date.now(),
  }
}

function toResultBody({ body, raw }: Response): Pick<APIGatewayProxyStructuredResultV2, 'body' | 'isBase64Encoded'> {
  if (raw === undefined) return { body: body === undefined ? '' : JSON.stringify(body) }
  return typeof raw === 'string' ? { body: raw } : { body: Buffer.from(raw).toString('base64'), isBase64Encoded: true }
}

function toResult(response: Response): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode: response.status,
    headers: {
      'content-type': 'application/json',
      ...securityHeaders,
      ...response.headers,
    },
    ...toResultBody(response),
  }
}

function write(call: Call<unknown>): void {
  call.entry.milliseconds = Math.round((performance.now() - call.start) * 100) / 100
  const stage = metricsStage()
  log(call.entry, stage === undefined ? [] : metricsOf(call.entry, stage))
}

const open = <Input>(event: string, input: Input, requestId: string): Call<Input> => ({
  input,
  entry: { event, requestId },
  start: performance.now(),
})

/** Opens the call before anything can go wrong with it, so that `after` and `onError` find it. */
const opened = <Input>(name: string) => ({
  before(request: { event: Call<Input>; context: { awsRequestId: string } }) {
    request.event = open(name, request.event as unknown as Input, request.context.awsRequestId)
  },
})

/**
 * The Lambda handler of an HTTP function. `work` answers, or throws what `failed` makes an answer of. Answers every request; never
 * throws. `name` is what its entries in the log are called.
 */
export function answering(
  work: (event: APIGatewayProxyEventV2, entry: Entry) => Promise<Response>,
  name = 'request',
  failed = answerError,
) {
  return middy<Call<APIGatewayProxyEventV2>, APIGatewayProxyStructuredResultV2>()
    .use({
      ...opened(name),
      after({ event, response }) {
        event.entry.status = response?.statusCode ?? 0
        write(event)
      },
      onError(request) {
        const { entry } = request.event
        request.response = toResult(failed(request.error, entry))
        entry.status = request.response.statusCode ?? 0
        write(request.event)
      },
    })
    .handler(async ({ input, entry }) => toResult(await work(input, entry)))
}

const retry = (messageIds: readonly string[]): SQSBatchResponse => ({
  batchItemFailures: messageIds.map((itemIdentifier) => ({ itemIdentifier })),
})

/** A record of a batch as the router takes it. */
export const toIntakeMessage = ({ messageId, receiptHandle, body, attributes }: SQSRecord): IntakeMessage => ({
  messageId,
  receiptHandle,
  receiveCount: Number(attributes.ApproximateReceiveCount),
  body,
})

/**
 * The Lambda handler of a function that consumes a queue: an SQS batch in, the records to be tried again out. `work` does it, and resolves
 * to the ids of those messages. Rejects when it can't work at all, for a mistake in its configuration: an answer would hide that from
 * Lambda's count of errors.
 */
export function consumer(name: string, work: (records: readonly SQSRecord[], entry: Entry) => Promise<string[]>) {
  return middy<Call<SQSEvent>, SQSBatchResponse>()
    .use({
      ...opened(name),
      after: ({ event }) => write(event),
      onError(request) {
        const { entry, input }: Call<SQSEvent> = request.event
        Object.assign(entry, { error: request.error, received: input.Records.length })
        write(request.event)
        // Nothing is answered: Lambda counts an error, slows down, and all of the batch comes again.
      },
    })
    .handler(async ({ input, entry }) => retry(await work(input.Records, entry)))
}

/** The Lambda handler of a function that a clock calls. Rejects when `work` does: Lambda counts an error. */
export function scheduled(name: string, work: (entry: Entry) => Promise<void>) {
  return middy<Call<unknown>, void>()
    .use({
      ...opened(name),
      after: ({ event }) => write(event),
      onError(request) {
        request.event.entry.error = request.error
        write(request.event)
      },
    })
    .handler(({ entry }) => work(entry))
}
