import { iso, json, type Sample, type Told } from './sample.ts'
import { bare } from './ways.ts'

// Calls that CloudTrail records, as a rule of EventBridge sends them to an API destination.

const ACCOUNT = '123456789012'
const REGION = 'eu-central-1'

const call = (eventName: string, told: Told, asked: object, answered?: object) =>
  json({
    version: '0',
    id: told.id,
    'detail-type': 'AWS API Call via CloudTrail',
    source: 'aws.ecr',
    account: ACCOUNT,
    time: iso(told),
    region: REGION,
    detail: {
      eventVersion: '1.11',
      userIdentity: {
        type: 'IAMUser',
        arn: `arn:aws:iam::${ACCOUNT}:user/${told.initiator}`,
        userName: told.initiator,
      },
      eventTime: iso(told),
      eventSource: 'ecr.amazonaws.com',
      eventName,
      awsRegion: REGION,
      sourceIPAddress: told.address,
      userAgent: told.agent,
      requestParameters: { registryId: ACCOUNT, repositoryName: told.repository, ...asked },
      ...(answered ? { responseElements: answered } : {}),
      requestID: told.id,
      eventID: told.id,
      eventType: 'AwsApiCall',
      recipientAccountId: ACCOUNT,
    },
  })

const policy = JSON.stringify({ rules: [{ rulePriority: 1, action: { type: 'expire' } }] })

export const ecr: Sample = {
  way: () => bare,
  actions: {
    'image.push': (told) =>
      call(
        'PutImage',
        told,
        { imageTag: told.tag },
        {
          image: { imageId: { imageDigest: told.digest, imageTag: told.tag } },
        },
      ),
    'image.pull': (told) => call('BatchGetImage', told, { imageIds: [{ imageTag: told.tag }] }),
    'image.delete': (told) => call('BatchDeleteImage', told, { imageIds: [{ imageDigest: told.digest }] }),
    'image.untag': (told) => call('BatchDeleteImage', told, { imageIds: [{ imageTag: told.tag }] }),
    'image.list': (told) => call('ListImages', told, {}),
    'namespace.create': (told) => call('CreateRepository', told, {}),
    'namespace.delete': (told) => call('DeleteRepository', told, {}),
    'retention.set': (told) => call('PutLifecyclePolicy', told, { lifecyclePolicyText: policy }),
  },
}
