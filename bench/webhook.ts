import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'

// One webhook: what Distribution 2.8.2 posted after a push by tag, captured on loopback. A text file, so that no formatter of JSON
// touches its bytes.

export const SECRET = 'local'
export const PATH = '/webhooks/distribution/image'

/** The bytes as they were posted: an envelope with one event. */
export const body: Buffer = readFileSync(resolve(import.meta.dirname, 'payload.txt'))

export const headers = {
  authorization: `Bearer ${SECRET}`,
  'content-length': String(body.length),
  'content-type': 'application/vnd.docker.distribution.events.v1+json',
  host: 'abcdefghij.execute-api.eu-central-1.amazonaws.com',
  'user-agent': 'Go-http-client/1.1',
  'x-amzn-trace-id': 'Root=1-6922b1af-5f2d1d3e0d8d4c6f7a1b2c3d',
  'x-forwarded-for': '192.0.2.10',
  'x-forwarded-port': '443',
  'x-forwarded-proto': 'https',
}

/** The webhook as an HTTP API hands it over (payload format 2.0): in base64, because of its content type. */
export const gatewayEvent: APIGatewayProxyEventV2 = {
  version: '2.0',
  routeKey: `POST ${PATH}`,
  rawPath: PATH,
  rawQueryString: '',
  headers,
  requestContext: {
    accountId: '000000000000',
    apiId: 'abcdefghij',
    domainName: headers.host,
    domainPrefix: 'abcdefghij',
    http: {
      method: 'POST',
      path: PATH,
      protocol: 'HTTP/1.1',
      sourceIp: '192.0.2.10',
      userAgent: headers['user-agent'],
    },
    requestId: 'JKJaXmPLvHcESHA=',
    routeKey: `POST ${PATH}`,
    stage: '$default',
    time: '22/Nov/2026:12:39:43 +0000',
    timeEpoch: 1795351183080,
  },
  body: body.toString('base64'),
  isBase64Encoded: true,
}
