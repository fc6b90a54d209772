import { columns } from '../../lib/archive/columns.ts'
import { bucketName } from '../../lib/archiveapp.ts'
import type { Place } from '../../lib/locations.ts'
import { athenaNames } from '../../lib/search/athena.ts'
import { PROJECTED } from '../../lib/search/days.ts'
import { arn, type Deployment, denyPlain, placeIn } from './deployment.ts'

// The archive of the location of an AWS region: its bucket, and the table by which Athena reads it (docs/archive.md, docs/aws.md).

/** Logical ids. */
const BUCKET = 'ArchiveBucket'
const RESULTS = 'ResultsBucket'
const DATABASE = 'ArchiveDatabase'
const WORK_GROUP = 'ArchiveWorkGroup'
/** The name of the table that Athena reads. */
const TABLE = 'archive'

/** Most bytes that one question may read, one terabyte: at a price of some dollars. */
const MOST_BYTES = 1024 ** 4

const kept = { UpdateReplacePolicy: 'Retain', DeletionPolicy: 'Retain' }

/** What S3 lets anybody do with objects and versions: all of it needs TLS. */
const OBJECT_ACTIONS = [
  's3:GetObject',
  's3:GetObjectVersion',
  's3:PutObject',
  's3:DeleteObject',
  's3:DeleteObjectVersion',
]
const BUCKET_ACTIONS = ['s3:ListBucket', 's3:ListBucketVersions']

/** The name of the archive's bucket, for CloudFormation to fill in the account. */
const bucketOf = ({ stage }: Deployment, { location }: Place): string =>
  bucketName(stage, location, `\${AWS::AccountId}`)

/** The ARN of the archive's bucket, or of the objects in it whose names `pattern` means. */
export const archiveArn = (deployment: Deployment, place: Place, pattern?: string) => ({
  'Fn::Sub': `arn:\${AWS::Partition}:s3:::${bucketOf(deployment, place)}${pattern === undefined ? '' : `/${pattern}`}`,
})

/** The ARN of the bucket with the rows of answers, or of the objects in it. */
export const resultsArn = (pattern?: string) =>
  pattern === undefined ? { 'Fn::GetAtt': [RESULTS, 'Arn'] } : { 'Fn::Sub': `\${${RESULTS}.Arn}/${pattern}` }

/** The ARN of the work group. */
export const workGroupArn = ({ stage }: Deployment) => arn('athena', `workgroup/${athenaNames(stage).workGroup}`)

/** The ARNs of what a question to the table needs of Glue: Athena looks for the database `default` whatever it is asked. */
export function tableArns({ stage }: Deployment) {
  const { database } = athenaNames(stage)
  return ['catalog', 'database/default', `database/${database}`, `table/${database}/${TABLE}`].map((resource) =>
    arn('glue', resource),
  )
}

/** Encrypted, for nobody but this account, and without lists of who may do what beside the policies. */
const CLOSED = {
  BucketEncryption: {
    ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
  },
  PublicAccessBlockConfiguration: {
    BlockPublicAcls: true,
    BlockPublicPolicy: true,
    IgnorePublicAcls: true,
    RestrictPublicBuckets: true,
  },
  OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
}

const tlsOnly = (id: string) => {
  const bucket = { 'Fn::GetAtt': [id, 'Arn'] }
  const objects = { 'Fn::Sub': `\${${id}.Arn}/*` }
  const PolicyDocument = denyPlain([...OBJECT_ACTIONS, ...BUCKET_ACTIONS], bucket, objects)
  return { Type: 'AWS::S3::BucketPolicy', ...kept, Properties: { Bucket: { Ref: id }, PolicyDocument } }
}

const archiveBucket = (deployment: Deployment, place: Place) => ({
  Type: 'AWS::S3::Bucket',
  ...kept,
  Properties: {
    BucketName: { 'Fn::Sub': bucketOf(deployment, place) },
    VersioningConfiguration: { Status: 'Enabled' },
    // Which objects are locked, and for how long, is said with each of them: `lock` of archive.ts.
    ObjectLockEnabled: true,
    ...CLOSED,
    LifecycleConfiguration: {
      Rules: [
        {
          Id: 'undo',
          Status: 'Enabled',
          NoncurrentVersionExpiration: { NoncurrentDays: deployment.undoDays },
          ExpiredObjectDeleteMarker: true,
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
        },
      ],
    },
  },
})

const resultsBucket = ({ answerDays }: Deployment) => ({
  Type: 'AWS::S3::Bucket',
  ...kept,
  Properties: {
    ...CLOSED,
    LifecycleConfiguration: {
      Rules: [
        {
          Id: 'results',
          Status: 'Enabled',
          ExpirationInDays: answerDays,
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
        },
      ],
    },
  },
})

const TYPES = { INT64: 'bigint', STRING: 'string', TIMESTAMP: 'timestamp', BOOLEAN: 'boolean' } as const

/** The files of the archive as a table. Which partitions there are follows from the names: nothing has to be told of a new day. */
function table(deployment: Deployment, place: Place) {
  const events = `s3://${bucketOf(deployment, place)}/events/`
  return {
    Type: 'AWS::Glue::Table',
    Properties: {
      CatalogId: { Ref: 'AWS::AccountId' },
      DatabaseName: { Ref: DATABASE },
      TableInput: {
        Name: TABLE,
        TableType: 'EXTERNAL_TABLE',
        Parameters: {
          classification: 'parquet',
          'projection.enabled': 'true',
          'projection.location.type': 'enum',
          'projection.location.values': place.location,
          'projection.day.type': 'date',
          'projection.day.format': 'yyyy-MM-dd',
          'projection.day.range': PROJECTED.join(','),
          // In a template of CloudFormation `${!` is a `${` that stays.
          'storage.location.template': { 'Fn::Sub': `${events}location=\${!location}/day=\${!day}/` },
        },
        PartitionKeys: [
          { Name: 'location', Type: 'string' },
          { Name: 'day', Type: 'string' },
        ],
        StorageDescriptor: {
          Columns: columns.map(({ name: Name, type, says: Comment }) => ({ Name, Type: TYPES[type], Comment })),
          Location: { 'Fn::Sub': events },
          InputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
          OutputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
          SerdeInfo: { SerializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' },
        },
      },
    },
  }
}

const workGroup = ({ stage }: Deployment) => ({
  Type: 'AWS::Athena::WorkGroup',
  Properties: {
    Name: athenaNames(stage).workGroup,
    Description: 'Questions to the archive',
    RecursiveDeleteOption: true,
    WorkGroupConfiguration: {
      EnforceWorkGroupConfiguration: true,
      PublishCloudWatchMetricsEnabled: true,
      BytesScannedCutoffPerQuery: MOST_BYTES,
      EngineVersion: { SelectedEngineVersion: 'Athena engine version 3' },
      ResultConfiguration: {
        OutputLocation: { 'Fn::Sub': `s3://\${${RESULTS}}/` },
        ExpectedBucketOwner: { Ref: 'AWS::AccountId' },
        EncryptionConfiguration: { EncryptionOption: 'SSE_S3' },
      },
    },
  },
})

/** The archive of the location that belongs in this AWS region, if one does, and what searches it. The events stay when the deployment goes. */
export function archive(deployment: Deployment): [string, object][] {
  const place = placeIn(deployment)
  if (!place) return []
  const { database } = athenaNames(deployment.stage)
  return [
    [BUCKET, archiveBucket(deployment, place)],
    [`${BUCKET}Policy`, tlsOnly(BUCKET)],
    [RESULTS, resultsBucket(deployment)],
    [`${RESULTS}Policy`, tlsOnly(RESULTS)],
    [
      DATABASE,
      {
        Type: 'AWS::Glue::Database',
        Properties: { CatalogId: { Ref: 'AWS::AccountId' }, DatabaseInput: { Name: database } },
      },
    ],
    ['ArchiveTable', table(deployment, place)],
    [WORK_GROUP, workGroup(deployment)],
  ]
}
