import type { ErrorCode } from '../lib/errors.ts'
import { bare, basic, jfrogSha256, splunk, type Way } from './sources/ways.ts'

// What becomes of every sample payload, written down by reading the payload.

/**
 * The action without its prefix; the target's name (of an image without the domain, which is the registry's); the actor (`''`: not
 * said, so the name of the source); the client's address (`''`: not said); the time in UTC (`receipt`: not said, so that of
 * receipt); and the reason code when it failed.
 */
export type ExpectedEvent = readonly [
  action: string,
  target: string,
  actor: string,
  address: string,
  time: string,
  failure?: number,
]

/** A payload and what becomes of it. What is left out: answer 202, no events, nothing ignored, nothing quarantined. */
export interface Row {
  file: string
  /** The source that it is posted to. */
  source: string
  /** How it proves itself when not in the usual way of its source. */
  way?: Way
  query?: string
  /** Beside the content type, which the list of payloads says. */
  headers?: Readonly<Record<string, string>>
  /** The whole answer, status 200; `{}` when only the status counts. */
  handshake?: Readonly<Record<string, unknown>>
  events?: readonly ExpectedEvent[]
  ignored?: number
  /** Reasons in order; where the sender leaves open what is wrong, any of several. */
  quarantined?: readonly (ErrorCode | readonly ErrorCode[])[]
}

// Digests of more than one row.
const APP_NEXT = 'sha256:2157e82cb8009ba3cb540cf4880c7b978a9e257a4b7524f718055f63e44e8919'
const HELLO_1 = 'sha256:bb6bfb738579876cf217362a6beb2c1e0004751157098461e0ef1c91f05d3055'
const HELLO_2 = 'sha256:e2e25d5e4c806018325298c26224f2c54d1ec74734e83add60e502887922027e'
const PORTUS = 'sha256:b9c8a3839b2754e0fc4309e0f994f617d43814996805388e2f9d977db3fa7967'
const ZOOKEEPER = 'sha256:55d2be3e073109b6dfa68aa6ffbce9f5441ab8dd451834eaf0e81874a0b1b720'
const ALPINE = 'sha256:954b378c375d852eb3c63ab88978f640b4348b01c1b3456a024a81536dafbbf4'
const ALPINE_REFUSED = 'sha256:402d21757a03a114d273bbe372fa4b9eca567e8b6c332fa7ebf982b902207242'
// Of the tag and the manifest it says a commit id of 40 digits instead: the version alone has a digest.
const GITHUB_SAMPLE = 'sha256:3da1996a8115d7616457760d9920b815241d0a03b34cf5f04e9a0e9d8de37498'

const TRIVY = 'robot$harbor+wHSYCuGD-Trivy-8e2e7505-d1e6-11ed-9e71-0242ac130009'

const gridHeaders = (type: string) => ({
  'aeg-event-type': type,
  'aeg-subscription-name': 'AUDIT',
  'aeg-delivery-count': '0',
  'aeg-data-version': '1.0',
  'aeg-metadata-version': '1',
})
const grid = gridHeaders('Notification')
const gridHandshake = gridHeaders('SubscriptionValidation')

const bridge = { 'user-agent': 'Amazon/EventBridge/ApiDestinations', range: 'bytes=0-1048575' }

const github = (event: string) => ({
  'x-github-event': event,
  'x-github-delivery': 'a7d1f1b0-3c56-11ef-8f7e-0f2b6c1d9e34',
  'x-github-hook-id': '109948940',
  'user-agent': 'GitHub-Hookshot/0123456',
})

const gitea = {
  'x-gitea-event': 'package',
  'x-gitea-event-type': 'package',
  'x-gitea-delivery': '0d0f7a52-6f0c-4e0e-9a55-2d6b8f5c7e10',
  'x-github-event': 'package',
  'x-gogs-event': 'package',
}

const gitlab = (type: string) => ({ 'x-gitlab-audit-event-type': type })

const nexus = (id: string) => ({
  'x-nexus-webhook-id': `rm:${id}`,
  'x-nexus-webhook-delivery': '4bc4c5d0-8a5b-4f7e-a3c2-5f0f9e1d7b60',
})

const pubsub = {
  'x-goog-pubsub-subscription-name': 'projects/my-project/subscriptions/gcr-sub',
  'x-goog-pubsub-message-id': '7309198396944431',
  'x-goog-pubsub-publish-time': '2023-03-30T22:01:02.345Z',
}

const zot = (type: string) => ({
  'ce-specversion': '1.0',
  'ce-id': 'f2a1d3c4-5b6e-4f70-8a91-b2c3d4e5f607',
  'ce-source': 'zotregistry.dev',
  'ce-type': `zotregistry.${type}`,
  'ce-time': '2025-06-07T08:09:10.111213Z',
})

const cdevent = (type: string) => ({
  'ce-specversion': '1.0',
  'ce-id': '271069a8-fc18-44f1-b38f-9d70a1695819',
  'ce-source': '/event/source/123',
  'ce-type': `dev.cdevents.artifact.${type}`,
  'ce-time': '2023-03-20T14:27:05.315384Z',
})

/** One row a payload. */
// biome-ignore format: one row a line
export const rows: readonly Row[] = [
  // A tag may stand in the URL only, as from registry 2.0; layers with such a URL have media types that no manifest has.
  { file: 'distribution/docs-pull-manifest-tag.json', source: 'distribution', events: [['image.pull', 'hello-world:latest', '', '192.168.64.11', '2016-03-09T22:44:26.40']] },
  { file: 'distribution/docs-envelope-manifest-and-layers.json', source: 'distribution', events: [['image.push', 'library/test@sha256:fea8895f450959fa676bcc1df0611ea93823a735a01205fd8622846041d0c7cf', 'test-actor', 'client.local', '2006-01-02T15:04:05.00']], ignored: 2 },
  { file: 'distribution/test-envelope-three-events-v3.json', source: 'distribution', events: [['image.push', 'library/test:latest', 'test-actor', 'client.local', '2006-01-02T15:04:05.00']], ignored: 2 },
  { file: 'distribution/test-envelope-three-events-v2.json', source: 'distribution', events: [['image.push', 'library/test:latest', 'test-actor', 'client.local', '2006-01-02T15:04:05.00']], ignored: 2 },
  { file: 'distribution/jenkins-push-manifest-octet-stream.json', source: 'distribution', events: [['image.push', `jplock/zookeeper@${ZOOKEEPER}`, '', '172.17.42.1', '2015-10-06T13:00:54.45']] },
  { file: 'distribution/jenkins-envelope-two-repositories.json', source: 'distribution', events: [['image.push', `jplock/zookeeper@${ZOOKEEPER}`, '', '172.17.42.1', '2015-10-06T13:00:54.45'], ['image.push', 'ubuntu@sha256:2dbe4abf311d67ec224f926d4b21b9be6f96dfba9be139e6936156a67b75a1ad', '', '172.17.42.1', '2015-10-09T13:25:04.10']] },
  { file: 'distribution/jenkins-envelope-pull-and-push-same-id.json', source: 'distribution', events: [['image.pull', `jplock/zookeeper@${ZOOKEEPER}`, '', '172.17.42.1', '2015-10-06T13:00:54.45'], ['image.push', `jplock/zookeeper@${ZOOKEEPER}`, '', '172.17.42.1', '2015-10-06T13:00:54.45']] },
  { file: 'distribution/portus-pull-without-request.json', source: 'distribution', events: [['image.pull', 'vitoravelino/etcd:v3.2.25-arm64', 'vitoravelino', '', '2019-01-15T20:17:10.59']] },
  { file: 'distribution/portus-push-minimal.json', source: 'distribution', events: [['image.push', `mssola/busybox@${PORTUS}`, '', '', 'receipt']] },
  { file: 'distribution/portus-delete-by-digest.json', source: 'distribution', events: [['image.delete', `registry@${PORTUS}`, 'portus', '127.0.0.1', '2016-04-13T13:03:39.59']] },
  { file: 'distribution/portus-push-schema1-registry-2.3.json', source: 'distribution', events: [['image.push', `mssola/lala@${PORTUS}`, 'mssola', '127.0.0.1', '2016-02-05T10:16:14.91']] },
  { file: 'distribution/captured/push-blob.json', source: 'distribution', ignored: 1 },
  { file: 'distribution/captured/push-manifest-tag.json', source: 'distribution', events: [['image.push', 'team/app:v1', '', '127.0.0.1', '2026-11-22T12:39:22.58']] },
  { file: 'distribution/captured/push-manifest-tag-actor-references.json', source: 'distribution', events: [['image.push', 'team/app:v1', 'ci-bot', '127.0.0.1', '2026-11-22T12:39:43.08']] },
  { file: 'distribution/captured/push-manifest-by-digest.json', source: 'distribution', events: [['image.push', 'team/app@sha256:70653f8e56f412e993c099b596f2b06ea07cc2c1e9fb63ed2495506bda586cff', '', '127.0.0.1', '2026-11-22T12:39:25.05']] },
  { file: 'distribution/captured/push-existing-digest-new-tag.json', source: 'distribution', events: [['image.push', 'team/app:stable', '', '127.0.0.1', '2026-11-22T12:39:23.79']] },
  { file: 'distribution/captured/push-same-tag-same-digest.json', source: 'distribution', events: [['image.push', 'team/app:v1', '', '127.0.0.1', '2026-11-22T12:39:23.18']] },
  { file: 'distribution/captured/push-index-tag.json', source: 'distribution', events: [['image.push', 'team/multi:2.0', '', '127.0.0.1', '2026-11-22T12:39:25.69']] },
  { file: 'distribution/captured/push-index-tag-actor-references.json', source: 'distribution', events: [['image.push', 'team/multi:2.0', 'ci-bot', '127.0.0.1', '2026-11-22T12:39:51.17']] },
  { file: 'distribution/captured/push-docker-manifest-list.json', source: 'distribution', events: [['image.push', 'team/app:docker-list', '', '127.0.0.1', '2026-11-22T12:39:40.23']] },
  { file: 'distribution/captured/push-docker-schema2.json', source: 'distribution', events: [['image.push', 'team/app:docker', '', '127.0.0.1', '2026-11-22T12:39:39.63']] },
  { file: 'distribution/captured/push-cosign-signature-tag.json', source: 'distribution', events: [['image.push', 'charts/web:sha256-cc42da26f7c8700dd9a8c1f7800b14afa72b07651ffa28c594f43fbb1b7691fd.sig', '', '127.0.0.1', '2026-11-22T12:39:39.02']] },
  { file: 'distribution/captured/mount-blob.json', source: 'distribution', ignored: 1 },
  { file: 'distribution/captured/pull-manifest-head.json', source: 'distribution', ignored: 1 },
  { file: 'distribution/captured/pull-manifest-get-tag.json', source: 'distribution', events: [['image.pull', 'team/app:v1', '', '127.0.0.1', '2026-11-22T12:39:28.12']] },
  { file: 'distribution/captured/pull-manifest-get-digest.json', source: 'distribution', events: [['image.pull', `team/app@${APP_NEXT}`, '', '127.0.0.1', '2026-11-22T12:39:28.72']] },
  { file: 'distribution/captured/pull-blob-get.json', source: 'distribution', ignored: 1 },
  { file: 'distribution/captured/pull-blob-head.json', source: 'distribution', ignored: 1 },
  { file: 'distribution/captured/pull-blob-range.json', source: 'distribution', ignored: 1 },
  { file: 'distribution/captured/pull-behind-proxy-ipv4.json', source: 'distribution', events: [['image.pull', 'team/app:v1', '', '203.0.113.9', '2026-11-22T12:39:33.55']] },
  { file: 'distribution/captured/delete-manifest-digest.json', source: 'distribution', events: [['image.delete', `team/app@${APP_NEXT}`, '', '127.0.0.1', '2026-11-22T12:39:36.57']] },
  { file: 'distribution/captured/delete-manifest-tag.json', source: 'distribution', events: [['image.untag', 'team/app:v1', '', '127.0.0.1', '2026-11-22T12:39:36.58']] },
  // Nothing in it tells that it was a blob.
  { file: 'distribution/captured/delete-blob.json', source: 'distribution', events: [['image.delete', 'team/app@sha256:494cfd532b74542e9a9a5e421857962b58282cc742b2334198fff1335dce5bdf', '', '127.0.0.1', '2026-11-22T12:39:37.18']] },
  { file: 'distribution/captured/sequence-push-single-arch.json', source: 'distribution', events: [['image.push', 'team/app:v1', '', '127.0.0.1', '2026-11-22T12:39:22.58']], ignored: 2 },
  { file: 'distribution/captured/sequence-push-same-tag-new-digest.json', source: 'distribution', events: [['image.push', 'team/app:v1', '', '127.0.0.1', '2026-11-22T12:39:24.41']], ignored: 2 },
  { file: 'distribution/captured/sequence-delete-digest-with-two-tags.json', source: 'distribution', events: [['image.delete', `team/app@${APP_NEXT}`, '', '127.0.0.1', '2026-11-22T12:39:36.57'], ['image.untag', 'team/app:v1', '', '127.0.0.1', '2026-11-22T12:39:36.58'], ['image.untag', 'team/app:also-two', '', '127.0.0.1', '2026-11-22T12:39:36.58']] },
  { file: 'distribution/captured/sequence-mount-and-push.json', source: 'distribution', events: [['image.push', 'team/copy:v1', '', '127.0.0.1', '2026-11-22T12:39:26.30']], ignored: 2 },
  { file: 'distribution/captured/sequence-skopeo-push-multi-arch.json', source: 'distribution', events: [['image.push', `apps/hello@${HELLO_1}`, 'ci-bot', '127.0.0.1', '2026-11-22T12:41:32.36'], ['image.push', `apps/hello@${HELLO_2}`, 'ci-bot', '127.0.0.1', '2026-11-22T12:41:34.43'], ['image.push', 'apps/hello:1.0', 'ci-bot', '127.0.0.1', '2026-11-22T12:41:34.64']], ignored: 4 },
  { file: 'distribution/captured/sequence-skopeo-push-multi-arch-existing.json', source: 'distribution', events: [['image.push', `apps/hello@${HELLO_1}`, 'ci-bot', '127.0.0.1', '2026-11-22T12:41:36.29'], ['image.push', `apps/hello@${HELLO_2}`, 'ci-bot', '127.0.0.1', '2026-11-22T12:41:36.91'], ['image.push', 'apps/hello:1.1', 'ci-bot', '127.0.0.1', '2026-11-22T12:41:37.12']], ignored: 4 },
  { file: 'distribution/captured/sequence-skopeo-inspect.json', source: 'distribution', events: [['image.pull', 'apps/hello:1.0', 'ci-bot', '127.0.0.1', '2026-11-22T12:41:43.99'], ['image.pull', `apps/hello@${HELLO_1}`, 'ci-bot', '127.0.0.1', '2026-11-22T12:41:44.20']], ignored: 1 },
  { file: 'distribution/captured/sequence-skopeo-pull-one-platform.json', source: 'distribution', events: [['image.pull', 'apps/hello:1.0', 'ci-bot', '127.0.0.1', '2026-11-22T12:41:45.87'], ['image.pull', `apps/hello@${HELLO_1}`, 'ci-bot', '127.0.0.1', '2026-11-22T12:41:46.09']], ignored: 2 },
  { file: 'distribution/captured/sequence-skopeo-pull-all-platforms.json', source: 'distribution', events: [['image.pull', 'apps/hello:1.0', 'ci-bot', '127.0.0.1', '2026-11-22T12:41:47.74'], ['image.pull', `apps/hello@${HELLO_1}`, 'ci-bot', '127.0.0.1', '2026-11-22T12:41:47.94'], ['image.pull', `apps/hello@${HELLO_2}`, 'ci-bot', '127.0.0.1', '2026-11-22T12:41:48.58']], ignored: 4 },
  { file: 'distribution/composite-envelope-multi-arch-push.json', source: 'distribution', events: [['image.push', `apps/hello@${HELLO_1}`, 'ci-bot', '127.0.0.1', '2026-11-22T12:41:32.36'], ['image.push', `apps/hello@${HELLO_2}`, 'ci-bot', '127.0.0.1', '2026-11-22T12:41:34.43'], ['image.push', 'apps/hello:1.0', 'ci-bot', '127.0.0.1', '2026-11-22T12:41:34.64']], ignored: 4 },
  { file: 'distribution/constructed-v3-delete-by-tag.json', source: 'distribution', events: [['image.untag', 'apps/hello:1.1', 'ci-bot', '203.0.113.9', '2026-03-02T09:14:07.12']] },
  { file: 'distribution/constructed-empty-envelope.json', source: 'distribution' },

  // GitLab's registry sends what any Distribution does, with the bare secret.
  { file: 'gitlab/registry-push-actor-user-type.json', source: 'distribution', way: bare, events: [['image.push', 'group/project:main', 'root', '198.51.100.7', '2023-01-25T03:45:54.17']] },
  { file: 'gitlab/registry-delete-repository.json', source: 'distribution', way: bare, events: [['image.bulkdelete', 'group/project', 'gitlab-ci-token', '198.51.100.7', '2023-01-25T03:45:54.17']] },
  { file: 'gitlab/audit-stream-git-operation.json', source: 'gitlab', headers: gitlab('repository_git_operation'), ignored: 1 },
  { file: 'gitlab/audit-stream-container-tags-deleted.json', source: 'gitlab', headers: gitlab('container_repository_tags_deleted'), events: [['image.untag', 'example-group/example-project/api:1.0', 'Jane Example', '198.51.100.7', '2025-06-11T08:02:19.11'], ['image.untag', 'example-group/example-project/api:1.1', 'Jane Example', '198.51.100.7', '2025-06-11T08:02:19.11']] },

  // An untagged artifact repeats its digest as its tag.
  { file: 'harbor/push-artifact.default.json', source: 'harbor', events: [['image.push', `harbor/alpine@${ALPINE}`, 'harbor-jobservice', '', '2023-04-03T06:04:53.00']] },
  { file: 'harbor/push-artifact.cloudevents.json', source: 'harbor', events: [['image.push', `harbor/alpine@${ALPINE}`, 'harbor-jobservice', '', '2023-04-03T06:04:46.00']] },
  { file: 'harbor/pull-artifact.default.json', source: 'harbor', events: [['image.pull', `harbor/alpine@${ALPINE}`, TRIVY, '', '2023-04-03T06:12:52.00']] },
  { file: 'harbor/pull-artifact.cloudevents.json', source: 'harbor', events: [['image.pull', `harbor/alpine@${ALPINE}`, TRIVY, '', '2023-04-03T06:12:52.00']] },
  { file: 'harbor/delete-artifact.default.json', source: 'harbor', events: [['image.delete', 'harbor/alpine:3.8', 'harbor-jobservice', '', '2023-04-03T06:16:38.00']] },
  { file: 'harbor/delete-artifact.cloudevents.json', source: 'harbor', events: [['image.delete', 'harbor/alpine:3.8', 'harbor-jobservice', '', '2023-04-03T06:16:38.00']] },
  { file: 'harbor/scanning-completed.default.json', source: 'harbor', ignored: 1 },
  { file: 'harbor/scanning-completed.cloudevents.json', source: 'harbor', ignored: 1 },
  { file: 'harbor/scanning-stopped.default.json', source: 'harbor', ignored: 1 },
  { file: 'harbor/scanning-stopped.cloudevents.json', source: 'harbor', ignored: 1 },
  { file: 'harbor/scanning-failed.default.json', source: 'harbor', ignored: 1 },
  { file: 'harbor/scanning-failed.cloudevents.json', source: 'harbor', ignored: 1 },
  { file: 'harbor/quota-exceed.default.json', source: 'harbor', events: [['image.push', `harbor/alpine@${ALPINE_REFUSED}`, '', '', '2023-04-03T07:04:44.00', 403]] },
  { file: 'harbor/quota-exceed.cloudevents.json', source: 'harbor', events: [['image.push', `harbor/alpine@${ALPINE_REFUSED}`, '', '', '2023-04-03T07:04:44.00', 403]] },
  { file: 'harbor/quota-warning.default.json', source: 'harbor', ignored: 1 },
  { file: 'harbor/quota-warning.cloudevents.json', source: 'harbor', ignored: 1 },
  { file: 'harbor/replication.default.json', source: 'harbor', ignored: 1 },
  { file: 'harbor/replication.cloudevents.json', source: 'harbor', ignored: 1 },
  { file: 'harbor/tag-retention.default.json', source: 'harbor', ignored: 1 },
  { file: 'harbor/tag-retention.cloudevents.json', source: 'harbor', ignored: 1 },
  { file: 'harbor/malformed-resource-url.json', source: 'harbor', events: [['image.push', 'mynamespace/repository:1.2.3', 'user', '', '2020-02-25T14:24:48.00']] },
  { file: 'harbor/push-helm-chart.json', source: 'harbor', events: [['image.push', 'myproject/mychart:v1.2.3', 'admin', '', '2023-04-03T06:04:53.00']] },
  { file: 'harbor/push-untagged-child-manifest.json', source: 'harbor', events: [['image.push', 'library/hello@sha256:bb6bfb73e3b5d1c6a1f0a7d1c2b3e4f5a6978899aabbccddeeff001122334455', 'robot$library+ci', '', '2024-04-01T19:33:20.00']] },
  // Rows of the audit log: the push is told by a webhook as well; the failed deletion comes without a code.
  { file: 'harbor/audit-log-ext-entries.json', source: 'harbor', events: [['image.tag', 'library/hello:stable', 'jane', '', '2025-07-01T10:12:00.00'], ['namespace.delete', 'library', 'admin', '', '2025-07-01T10:13:00.00', 500]], ignored: 1 },

  { file: 'quay/test-mirror-sync.json', source: 'quay', query: 'event=repo_mirror_sync_started', ignored: 1 },
  { file: 'quay/test-repo-image-expiry.json', source: 'quay', query: 'event=repo_image_expiry', ignored: 1 },
  { file: 'quay/test-quota-warning.json', source: 'quay', query: 'event=quota_warning', ignored: 1 },
  { file: 'quay/test-quota-error.json', source: 'quay', query: 'event=quota_error', ignored: 1 },
  // Without `?event=`: its shape tells.
  { file: 'quay/keel-repo-push.json', source: 'quay', events: [['image.push', 'mynamespace/repository:1.2.3', '', '', 'receipt']] },
  { file: 'quay/action-log-splunk-hec-push.json', source: 'quay', way: splunk, events: [['image.push', 'devtable/simple:latest', 'devtable+ci', '198.51.100.7', '2024-04-01T19:33:20.00']] },
  { file: 'quay/action-log-splunk-hec-delete-tag.json', source: 'quay', way: splunk, events: [['image.untag', 'devtable/simple:old', 'jane', '198.51.100.7', '2024-04-01T19:34:50.00']] },
  // The file that an export of the log ends in: Quay never posts it.
  { file: 'quay/action-log-export-file.json', source: 'quay', events: [['image.untag', 'devtable/simple:old', 'jane', '198.51.100.7', '2025-04-01T09:00:00.00']] },

  { file: 'dockerhub/push-tag.json', source: 'dockerhub', events: [['image.push', 'karolisr/keel:0.1.7', 'karolisr', '', '2017-06-14T19:14:20.00']] },
  // Neither tag nor digest: which image was pushed is not known.
  { file: 'dockerhub/push-without-tag-old.json', source: 'dockerhub', quarantined: ['INVALID_TARGET'] },
  { file: 'dockerhub/push-multi-arch-repeat.json', source: 'dockerhub', events: [['image.push', 'exampleorg/core:develop', 'example-bot', '', '2021-09-17T09:46:10.00']] },

  // The tag of a chart is the name of its file, so its version counts.
  { file: 'acr/webhook-push.json', source: 'acr', events: [['image.push', 'hello-world:v1', '', '', '2023-11-17T16:52:01.34']] },
  { file: 'acr/webhook-chart-push.json', source: 'acr', events: [['image.push', 'repo:5.4.0.tgz', '', '', '2023-03-05T23:45:31.26']] },
  { file: 'acr/webhook-delete.json', source: 'acr', events: [['image.delete', 'hello-world@sha256:xxxxd5c8786bb9e621a45ece0dbxxxx1cdc624ad20da9fe62e9d25490f33xxxx', '', '', '2023-11-17T16:54:53.65']] },
  { file: 'acr/webhook-chart-delete.json', source: 'acr', events: [['image.delete', 'repo:5.4.0.tgz', '', '', '2023-03-06T00:10:48.12']] },
  { file: 'acr/webhook-ping.json', source: 'acr', handshake: {} },
  { file: 'acr/eventgrid-cloudevents-image-pushed.json', source: 'acr', headers: grid, events: [['image.push', 'samples/nginx:latest', '', '', '2021-09-08T06:37:45.46']] },
  { file: 'acr/eventgrid-cloudevents-chart-pushed.json', source: 'acr', headers: grid, events: [['image.push', 'repo:1.0.0', '', '', '2019-03-12T22:16:31.00']] },
  { file: 'acr/eventgrid-image-pushed.json', source: 'acr', headers: grid, events: [['image.push', 'samples/nginx:latest', '', '', '2021-09-08T06:37:45.46']] },
  { file: 'acr/eventgrid-image-deleted.json', source: 'acr', headers: grid, events: [['image.delete', 'samples/nginx@sha256:57a94fc99816c6aa225678b738ac40d85422e75dbb96115f1bb9b6ed77176166', '', '', '2021-09-08T06:49:40.18']] },
  { file: 'acr/eventgrid-chart-deleted.json', source: 'acr', headers: grid, events: [['image.delete', 'repo:1.0.0', '', '', '2019-03-12T22:42:08.37']] },
  { file: 'acr/eventgrid-subscription-validation.json', source: 'acr', headers: gridHandshake, handshake: { validationResponse: '512d38b6-c7b8-40c8-89fe-f46f9e9622b6' } },

  // A person by the user's name; without one by the ARN, since the name of a role is nobody's.
  { file: 'ecr/eventbridge-image-action-push.json', source: 'ecr', way: basic, headers: bridge, events: [['image.push', 'my-repository-name:latest', '', '', '2019-11-16T01:54:34.00']] },
  { file: 'ecr/eventbridge-image-scan.json', source: 'ecr', way: basic, headers: bridge, ignored: 1 },
  { file: 'ecr/eventbridge-scan-resource-change.json', source: 'ecr', way: basic, headers: bridge, ignored: 1 },
  { file: 'ecr/eventbridge-image-action-delete.json', source: 'ecr', way: basic, headers: bridge, events: [['image.delete', 'my-repository-name:latest', '', '', '2019-11-16T02:01:05.00']] },
  { file: 'ecr/cloudtrail-create-repository.json', source: 'ecr', events: [['namespace.create', 'testrepo', 'Mary_Major', '203.0.113.12', '2018-07-11T22:17:43.00']] },
  { file: 'ecr/cloudtrail-kms-create-grant.json', source: 'ecr', ignored: 1 },
  { file: 'ecr/cloudtrail-put-image.json', source: 'ecr', events: [['image.push', 'testrepo:latest', 'Mary_Major', '203.0.113.12', '2019-04-15T16:45:00.00']] },
  { file: 'ecr/cloudtrail-policy-execution-event.json', source: 'ecr', events: [['image.bulkdelete', 'testrepo', 'AWS Internal', '', '2020-03-12T20:22:12.00']] },
  { file: 'ecr/eventbridge-cloudtrail-put-image.json', source: 'ecr', way: basic, headers: bridge, events: [['image.push', 'testrepo:latest', 'Mary_Major', '203.0.113.12', '2019-04-15T16:45:00.00']] },
  { file: 'ecr/lambda-testdata-image-scan.json', source: 'ecr', way: basic, headers: bridge, ignored: 1 },
  { file: 'ecr/eventbridge-pull-through-cache-success.json', source: 'ecr', way: basic, headers: bridge, ignored: 1 },
  { file: 'ecr/eventbridge-pull-through-cache-failure.json', source: 'ecr', way: basic, headers: bridge, ignored: 1 },
  { file: 'ecr/eventbridge-image-archive.json', source: 'ecr', way: basic, headers: bridge, ignored: 1 },
  { file: 'ecr/eventbridge-image-restore.json', source: 'ecr', way: basic, headers: bridge, ignored: 1 },
  { file: 'ecr/eventbridge-replication-success.json', source: 'ecr', way: basic, headers: bridge, ignored: 1 },
  { file: 'ecr/eventbridge-replication-failed.json', source: 'ecr', way: basic, headers: bridge, ignored: 1 },
  { file: 'ecr/eventbridge-image-action-push-untagged.json', source: 'ecr', way: basic, headers: bridge, events: [['image.push', 'team/app@sha256:f98d67af8e53a536502bfc600de3266556b06ed635a32d60aa7a5fe6d7e609d7', '', '', '2025-05-08T20:44:54.00']] },
  { file: 'ecr/cloudevents-input-transformer-push.json', source: 'ecr', events: [['image.push', 'team/my-app:latest', '', '', '2025-11-27T10:00:00.00']] },

  // The version's times are in year 1, so the package's counts.
  { file: 'ghcr/package-published-docker.json', source: 'github', headers: github('package'), events: [['image.push', `codertocat/hello-world-npm@${GITHUB_SAMPLE}`, 'Codertocat', '', '2019-05-09T23:28:29.00']] },
  { file: 'ghcr/registry_package-published-docker.json', source: 'github', headers: github('registry_package'), events: [['image.push', `codertocat/hello-world-npm@${GITHUB_SAMPLE}`, 'github-actions[bot]', '', '2019-05-09T23:28:29.00']] },
  { file: 'ghcr/ping.json', source: 'github', headers: github('ping'), handshake: {} },
  { file: 'ghcr/package-published-index-tag.json', source: 'github', headers: github('package'), events: [['image.push', 'exampleorg/hello:1.0', 'octo-ci', '', '2024-03-11T09:12:31.00']] },
  { file: 'ghcr/package-published-child-untagged.json', source: 'github', headers: github('package'), events: [['image.push', 'exampleorg/hello@sha256:b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2', 'octo-ci', '', '2024-03-11T09:12:31.00']] },
  { file: 'ghcr/package-updated-tag.json', source: 'github', headers: github('package'), events: [['image.push', 'exampleorg/hello:1.0', 'octo-ci', '', '2024-03-11T09:12:31.00']] },

  { file: 'google-ar/insert-digest.json', source: 'artifactregistry', events: [['image.push', 'my-project/my-repo/hello-world@sha256:6ec128e26cd5', '', '', '2023-03-30T21:56:52.25']] },
  { file: 'google-ar/insert-digest-tag.json', source: 'artifactregistry', events: [['image.push', 'my-project/my-repo/hello-world:1.1', '', '', '2023-03-30T21:56:52.25']] },
  { file: 'google-ar/delete-tag.json', source: 'artifactregistry', events: [['image.untag', 'my-project/my-repo/hello-world:1.1', '', '', '2023-03-30T21:56:52.25']] },
  // Tag and digest are of two repositories: the tag is what was inserted.
  { file: 'google-ar/insert-attestation-tag.json', source: 'artifactregistry', events: [['image.push', 's3cme1/artomator/tester:sha256-59d78.att', '', '', '2023-03-30T21:56:52.25']] },
  { file: 'google-ar/pubsub-wrapper-duplicated-fields.json', source: 'artifactregistry', quarantined: [['INVALID_ITEM', 'INVALID_BODY']] },
  { file: 'google-ar/pubsub-wrapper-ordering-key.json', source: 'artifactregistry', quarantined: [['INVALID_ITEM', 'INVALID_BODY']] },
  { file: 'google-ar/unwrapped-insert-digest-tag.json', source: 'artifactregistry', headers: pubsub, events: [['image.push', 'my-project/my-repo/hello-world:1.1', '', '', '2023-03-30T22:01:02.34']] },

  { file: 'artifactory/unsupported-domain.json', source: 'artifactory', quarantined: ['UNKNOWN_ACTION'] },
  { file: 'artifactory/artifact-deployed.json', source: 'artifactory', ignored: 1 },
  { file: 'artifactory/artifact-deleted.json', source: 'artifactory', ignored: 1 },
  { file: 'artifactory/artifact-moved.json', source: 'artifactory', ignored: 1 },
  { file: 'artifactory/artifact-copied.json', source: 'artifactory', ignored: 1 },
  { file: 'artifactory/docker-pushed.json', source: 'artifactory', events: [['image.push', 'sample_repo/sample_arch:sample_image', '', '', 'receipt']] },
  { file: 'artifactory/docker-deleted.json', source: 'artifactory', way: jfrogSha256, events: [['image.delete', 'sample_repo/sample_arch:sample_image', '', '', 'receipt']] },
  { file: 'artifactory/docker-promoted.json', source: 'artifactory', way: jfrogSha256, events: [['image.tag', 'sample_repo/sample_arch:sample_image', '', '', 'receipt']] },

  { file: 'nexus/component-created.json', source: 'nexus', headers: nexus('repository:component'), events: [['image.push', 'docker-hosted/team/app:1.0', 'admin', '198.51.100.7', '2024-11-10T23:57:49.66']] },
  { file: 'nexus/component-deleted.json', source: 'nexus', headers: nexus('repository:component'), events: [['image.delete', 'docker-hosted/team/app:1.0', 'admin', '198.51.100.7', '2024-11-10T23:57:49.66']] },
  { file: 'nexus/component-updated.json', source: 'nexus', headers: nexus('repository:component'), events: [['image.push', 'docker-hosted/team/app:1.0', 'admin', '198.51.100.7', '2024-11-10T23:57:49.66']] },
  { file: 'nexus/asset-created-blob.json', source: 'nexus', headers: nexus('repository:asset'), ignored: 1 },
  { file: 'nexus/global-repository-created.json', source: 'nexus', headers: nexus('global:repository'), events: [['namespace.create', 'docker-hosted', 'admin', '198.51.100.7', '2024-11-10T23:57:49.66']] },

  // What the linter refuses zot answers with 400.
  { file: 'zot/repository-created.json', source: 'zot', headers: zot('repository.created'), events: [['namespace.create', 'team/app', 'ci-bot', '198.51.100.7', '2025-06-07T08:09:10.11']] },
  { file: 'zot/image-updated-tag.json', source: 'zot', headers: zot('image.updated'), events: [['image.push', 'team/app:1.0', 'ci-bot', '198.51.100.7', '2025-06-07T08:09:10.11']] },
  { file: 'zot/image-lint-failed.json', source: 'zot', headers: zot('image.lint_failed'), events: [['image.push', 'team/app:1.0', 'ci-bot', '198.51.100.7', '2025-06-07T08:09:10.11', 400]] },

  { file: 'gitea/package-created-tag.json', source: 'gitea', headers: gitea, events: [['image.push', 'team/app:1.0', 'ci-bot', '', '2024-05-06T07:08:09.00']] },
  { file: 'gitea/package-created-digest.json', source: 'gitea', headers: gitea, events: [['image.push', 'team/app@sha256:a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7', 'ci-bot', '', '2024-05-06T07:08:09.00']] },

  // No zone is said: it is the time of China.
  { file: 'alibaba/acr-push.json', source: 'alibaba', events: [['image.push', 'namespace/repoTest:latest', '', '', '2016-11-29T04:25:46.00']] },

  // Packages of Go.
  { file: 'cdevents/artifact-published.json', source: 'cdevents', headers: cdevent('published.0.3.0'), ignored: 1 },
  { file: 'cdevents/artifact-downloaded.json', source: 'cdevents', headers: cdevent('downloaded.0.2.0'), ignored: 1 },

  // No registry's webhook, and no CloudEvent.
  { file: 'ibm/security-advisor-va-finding-decoded.json', source: 'cloudevents', quarantined: ['INVALID_ITEM'] },

  // Events of vendors that have sources of their own.
  { file: 'cloudevents/structured-batch.json', source: 'cloudevents', quarantined: ['UNKNOWN_ACTION', 'UNKNOWN_ACTION'] },
  { file: 'cloudevents/structured-base64-data.json', source: 'cloudevents', quarantined: ['UNKNOWN_ACTION'] },
]
