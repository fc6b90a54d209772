import { NAMESPACE } from '../../lib/metrics.ts'
import type { Deployment } from './deployment.ts'

// The HTTP API in front of the functions: `serverless` makes it, this is what it is to let through and to write down.

/** Requests a second, and at once, for all paths together (docs/aws.md#throttling). */
const RATE = 500
const BURST = 250

/** What is set on resources that `serverless` makes. */
export const apiSettings = {
  HttpApiStage: {
    Properties: {
      DefaultRouteSettings: {
        DetailedMetricsEnabled: false,
        ThrottlingRateLimit: RATE,
        ThrottlingBurstLimit: BURST,
      },
    },
  },
}

/**
 * A line of the access log. Nothing of what the sender chose stands in it: a secret may be in a header, in the query string, or by mistake in
 * the path. The route is the pattern of the path.
 */
export const accessLog = ({ stage }: Deployment): string =>
  JSON.stringify({
    stage,
    time: '$context.requestTime',
    requestId: '$context.requestId',
    // The id that the function's own line has.
    function: '$context.awsEndpointRequestId',
    address: '$context.identity.sourceIp',
    route: '$context.routeKey',
    status: '$context.status',
    integrationStatus: '$context.integrationStatus',
    milliseconds: '$context.responseLatency',
    error: '$context.integrationErrorMessage',
  })

/** The name of the metric of requests that the API refused by itself. */
export const THROTTLED_BY_API = 'ThrottledByApi'

/** Counts the requests that the API answered 429 itself: no metric of the API's own tells them from other refusals. */
export const api: readonly [string, object][] = [
  [
    'ApiThrottledFilter',
    {
      Type: 'AWS::Logs::MetricFilter',
      Properties: {
        LogGroupName: { Ref: 'HttpApiLogGroup' },
        // The integration has a status when a function was asked.
        FilterPattern: '{ $.status = "429" && $.integrationStatus = "-" }',
        MetricTransformations: [
          {
            MetricNamespace: NAMESPACE,
            MetricName: THROTTLED_BY_API,
            MetricValue: '1',
            Dimensions: [{ Key: 'Stage', Value: '$.stage' }],
          },
        ],
      },
    },
  ],
]
