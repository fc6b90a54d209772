import type { Family } from '../lib/actions.ts'

const image = { repository: 'team/app', tag: '1.4.0', digest: `sha256:${'ab'.repeat(32)}` }

/** A target that every action of the family takes. */
export const targets: Readonly<Record<Family, object>> = {
  auth: { privateOnly: true },
  exemption: { issueType: 'cve', issueId: 'CVE-2020-0001' },
  image,
  manifest: image,
  namespace: { namespace: 'team' },
  plan: { plan: 'standard' },
  quota: { storageMegabytes: 5120, trafficMegabytes: -1 },
  registrytoken: { token: '0f3c1f6d-7e10-4c39-9a52-c1a3f1de5b0c' },
  retention: { namespace: 'team', policy: { imagesPerRepo: 10, retainUntagged: false } },
  settings: { platformMetrics: true },
  signature: { ...image, signatureMethod: 'simple', signatureObject: 'image' },
  trash: image,
  vulnerability: { ...image, includeIBM: false, includePrivate: true },
}

/** A CloudEvent of `action` in structured mode. */
export const cloudEvent = (action: string, family: Family, changes: object = {}) => ({
  specversion: '1.0',
  id: `ce-${action}`,
  source: '/test',
  type: action,
  time: '2026-11-22T12:39:43.080749884Z',
  data: { target: targets[family], initiator: { id: 'IBMid-50ABC', name: 'alice@example.com', address: '192.0.2.10' } },
  ...changes,
})
