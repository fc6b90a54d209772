// DATA: the Container Registry action table, one row an action, every edition of it.
// Read from the history of the public events page (registry_at_events.md) and of the API/IAM mapping page.
//
//   family      the function that serves it
//   says        verb and object of the message text
//   type        target.typeURI
//   dataEvent   true: reads or changes customer data; false: management
//   severity    of a success; see lib/severity.ts for failures
//   success     reason code when the sender gives none
//   from until  the dates between which it stood on the page (until: the first day without it)
//   deprecated  the day on which it was marked Deprecated
//   listed      false: never on the events page, only on the mapping page (since 2020-10-02)

export type Severity = 'normal' | 'warning' | 'critical'

/** Every action ever published; `lib/edition.ts` picks those of one date. */
// biome-ignore format: one row a line
export const actions = [
  { action: 'container-registry.account-vulnerability-report.list', family: 'vulnerability', says: 'list account-vulnerability-report', type: 'container-registry/account/vulnerability/report', dataEvent: false, severity: 'normal', success: 200, from: '2021-01-07', until: null, deprecated: null, listed: true, description: 'Read the Vulnerability Advisor reports of all images in the account' },
  { action: 'container-registry.account-vulnerability-status.list', family: 'vulnerability', says: 'list account-vulnerability-status', type: 'container-registry/account/vulnerability/status', dataEvent: false, severity: 'normal', success: 200, from: '2021-01-07', until: null, deprecated: null, listed: true, description: 'Read the Vulnerability Advisor status of all images in the account' },
  { action: 'container-registry.auth.get', family: 'auth', says: 'get auth', type: 'container-registry/auth', dataEvent: false, severity: 'normal', success: 200, from: '2020-04-16', until: null, deprecated: null, listed: true, description: 'Read whether pushes and pulls over public network connections are blocked for the account' },
  { action: 'container-registry.auth.set', family: 'auth', says: 'set auth', type: 'container-registry/auth', dataEvent: false, severity: 'critical', success: 200, from: '2020-04-16', until: null, deprecated: null, listed: true, description: 'Block or allow pushes and pulls over public network connections for the account (also used to switch on IAM policy enforcement)' },
  { action: 'container-registry.exemption.create', family: 'exemption', says: 'create exemption', type: 'container-registry/exemption', dataEvent: false, severity: 'normal', success: 201, from: '2018-09-04', until: null, deprecated: null, listed: true, description: 'Create or update a Vulnerability Advisor exemption' },
  { action: 'container-registry.exemption.delete', family: 'exemption', says: 'delete exemption', type: 'container-registry/exemption', dataEvent: false, severity: 'critical', success: 202, from: '2018-09-04', until: null, deprecated: null, listed: true, description: 'Delete a Vulnerability Advisor exemption' },
  { action: 'container-registry.image-vulnerability-report.read', family: 'vulnerability', says: 'read image-vulnerability-report', type: 'container-registry/image/vulnerability/report', dataEvent: false, severity: 'normal', success: 200, from: '2021-01-07', until: null, deprecated: null, listed: true, description: 'Read the Vulnerability Advisor report of one image' },
  { action: 'container-registry.image-vulnerability-status.read', family: 'vulnerability', says: 'read image-vulnerability-status', type: 'container-registry/image/vulnerability/status', dataEvent: false, severity: 'normal', success: 200, from: '2021-01-07', until: null, deprecated: null, listed: true, description: 'Read the Vulnerability Advisor status of one image' },
  { action: 'container-registry.image.build', family: 'image', says: 'build image', type: 'container-registry/image', dataEvent: true, severity: 'normal', success: 200, from: '2019-03-14', until: '2021-10-06', deprecated: '2020-10-20', listed: true, description: 'Build an image in the registry service' },
  { action: 'container-registry.image.bulkdelete', family: 'image', says: 'bulkdelete image', type: 'container-registry/image', dataEvent: true, severity: 'critical', success: 202, from: '2019-08-01', until: null, deprecated: null, listed: true, description: 'Delete several images in one request, signatures included' },
  { action: 'container-registry.image.delete', family: 'image', says: 'delete image', type: 'container-registry/image', dataEvent: true, severity: 'critical', success: 202, from: '2019-03-14', until: null, deprecated: null, listed: true, description: 'Delete one image, its signature included' },
  { action: 'container-registry.image.inspect', family: 'image', says: 'inspect image', type: 'container-registry/image', dataEvent: false, severity: 'normal', success: 200, from: '2019-03-14', until: null, deprecated: null, listed: true, description: 'Show the details of one image' },
  { action: 'container-registry.image.list', family: 'image', says: 'list image', type: 'container-registry/image', dataEvent: false, severity: 'normal', success: 200, from: '2019-03-14', until: null, deprecated: null, listed: true, description: 'List the images of the account' },
  { action: 'container-registry.image.pull', family: 'image', says: 'pull image', type: 'container-registry/image', dataEvent: true, severity: 'normal', success: 200, from: '2019-03-14', until: null, deprecated: null, listed: true, description: 'Pull an image' },
  { action: 'container-registry.image.push', family: 'image', says: 'push image', type: 'container-registry/image', dataEvent: true, severity: 'normal', success: 201, from: '2019-03-14', until: null, deprecated: null, listed: true, description: 'Push an image' },
  { action: 'container-registry.image.rm', family: 'image', says: 'rm image', type: 'container-registry/image', dataEvent: false, severity: 'critical', success: 202, from: '2019-06-13', until: '2019-12-19', deprecated: null, listed: true, description: 'Delete one or more named images (older name)' },
  { action: 'container-registry.image.tag', family: 'image', says: 'tag image', type: 'container-registry/image', dataEvent: false, severity: 'warning', success: 200, from: '2019-03-14', until: null, deprecated: null, listed: true, description: 'Add a tag that points at an image that already exists' },
  { action: 'container-registry.image.untag', family: 'image', says: 'untag image', type: 'container-registry/image', dataEvent: false, severity: 'warning', success: 202, from: '2019-06-13', until: null, deprecated: null, listed: true, description: 'Remove one or more tags from each named image' },
  { action: 'container-registry.manifest.inspect', family: 'manifest', says: 'inspect manifest', type: 'container-registry/manifest', dataEvent: false, severity: 'normal', success: 200, from: '2019-10-14', until: null, deprecated: null, listed: true, description: 'Show the manifest of an image' },
  { action: 'container-registry.namespace.create', family: 'namespace', says: 'create namespace', type: 'container-registry/namespace', dataEvent: false, severity: 'normal', success: 201, from: '2019-03-14', until: null, deprecated: null, listed: true, description: 'Create a namespace' },
  { action: 'container-registry.namespace.delete', family: 'namespace', says: 'delete namespace', type: 'container-registry/namespace', dataEvent: false, severity: 'critical', success: 202, from: '2019-03-14', until: null, deprecated: null, listed: true, description: 'Delete a namespace' },
  { action: 'container-registry.namespace.list', family: 'namespace', says: 'list namespace', type: 'container-registry/namespace', dataEvent: false, severity: 'normal', success: 200, from: '2019-03-14', until: null, deprecated: null, listed: true, description: 'List the namespaces of the account' },
  { action: 'container-registry.namespace.update', family: 'namespace', says: 'update namespace', type: 'container-registry/namespace', dataEvent: false, severity: 'warning', success: 200, from: '2020-10-02', until: null, deprecated: null, listed: false, description: 'Assign an existing namespace to a resource group' },
  { action: 'container-registry.plan.get', family: 'plan', says: 'get plan', type: 'container-registry/plan', dataEvent: false, severity: 'normal', success: 200, from: '2019-03-14', until: null, deprecated: null, listed: true, description: 'Read the current pricing plan' },
  { action: 'container-registry.plan.set', family: 'plan', says: 'set plan', type: 'container-registry/plan', dataEvent: false, severity: 'warning', success: 200, from: '2019-03-14', until: null, deprecated: null, listed: true, description: 'Move the account to the standard pricing plan' },
  { action: 'container-registry.quota.get', family: 'quota', says: 'get quota', type: 'container-registry/quota', dataEvent: false, severity: 'normal', success: 200, from: '2019-03-14', until: null, deprecated: null, listed: true, description: 'Read the traffic and storage quotas and how much of them is used' },
  { action: 'container-registry.quota.set', family: 'quota', says: 'set quota', type: 'container-registry/quota', dataEvent: false, severity: 'warning', success: 200, from: '2019-03-14', until: null, deprecated: null, listed: true, description: 'Change the traffic or storage quotas; each registry instance (region) has its own quotas' },
  { action: 'container-registry.registrytoken.create', family: 'registrytoken', says: 'create registrytoken', type: 'container-registry/registrytoken', dataEvent: false, severity: 'critical', success: 201, from: '2019-03-14', until: '2019-07-01', deprecated: null, listed: true, description: 'Create a registry token' },
  { action: 'container-registry.registrytoken.delete', family: 'registrytoken', says: 'delete registrytoken', type: 'container-registry/registrytoken', dataEvent: false, severity: 'critical', success: 202, from: '2019-03-14', until: '2021-08-23', deprecated: '2019-10-29', listed: true, description: 'Delete a registry token' },
  { action: 'container-registry.registrytoken.get', family: 'registrytoken', says: 'get registrytoken', type: 'container-registry/registrytoken', dataEvent: false, severity: 'normal', success: 200, from: '2019-03-14', until: '2021-08-23', deprecated: '2019-10-29', listed: true, description: 'Read one registry token' },
  { action: 'container-registry.registrytoken.list', family: 'registrytoken', says: 'list registrytoken', type: 'container-registry/registrytoken', dataEvent: false, severity: 'normal', success: 200, from: '2019-03-14', until: '2021-08-23', deprecated: '2019-10-29', listed: true, description: 'List the registry tokens of the account' },
  { action: 'container-registry.registrytokens.delete', family: 'registrytoken', says: 'delete registrytokens', type: 'container-registry/registrytokens', dataEvent: false, severity: 'critical', success: 202, from: '2019-03-14', until: '2021-08-23', deprecated: '2019-10-29', listed: true, description: 'Delete several registry tokens' },
  { action: 'container-registry.retention.analyze', family: 'retention', says: 'analyze retention', type: 'container-registry/retention', dataEvent: false, severity: 'normal', success: 200, from: '2019-08-22', until: null, deprecated: null, listed: true, description: 'Dry run of a retention policy: list the images it would delete' },
  { action: 'container-registry.retention.get', family: 'retention', says: 'get retention', type: 'container-registry/retention', dataEvent: false, severity: 'normal', success: 200, from: '2020-10-02', until: null, deprecated: null, listed: false, description: 'Read the retention policy of one namespace' },
  { action: 'container-registry.retention.list', family: 'retention', says: 'list retention', type: 'container-registry/retention', dataEvent: false, severity: 'normal', success: 200, from: '2019-09-23', until: null, deprecated: null, listed: true, description: 'List the retention policies of the account' },
  { action: 'container-registry.retention.set', family: 'retention', says: 'set retention', type: 'container-registry/retention', dataEvent: false, severity: 'warning', success: 200, from: '2019-09-23', until: null, deprecated: null, listed: true, description: 'Set the retention policy of a namespace; images outside the criteria get deleted' },
  { action: 'container-registry.retentionanalysis', family: 'retention', says: 'analyze retention', type: 'container-registry/retention', dataEvent: false, severity: 'normal', success: 200, from: '2019-08-01', until: '2019-08-22', deprecated: null, listed: true, description: 'Older, two-part name of retention.analyze' },
  { action: 'container-registry.settings.get', family: 'settings', says: 'get settings', type: 'container-registry/settings', dataEvent: false, severity: 'normal', success: 200, from: '2020-10-21', until: null, deprecated: null, listed: true, description: 'Read the registry service settings of the account, for instance whether platform metrics are on' },
  { action: 'container-registry.settings.set', family: 'settings', says: 'set settings', type: 'container-registry/settings', dataEvent: false, severity: 'warning', success: 200, from: '2020-10-21', until: null, deprecated: null, listed: true, description: 'Change the registry service settings of the account, for instance switch platform metrics on' },
  { action: 'container-registry.signature.delete', family: 'signature', says: 'delete signature', type: 'container-registry/signature', dataEvent: true, severity: 'critical', success: 202, from: '2022-01-18', until: null, deprecated: null, listed: true, description: 'Delete the signature of an image' },
  { action: 'container-registry.signature.read', family: 'signature', says: 'read signature', type: 'container-registry/signature', dataEvent: true, severity: 'normal', success: 200, from: '2022-01-18', until: null, deprecated: null, listed: true, description: 'Read the signature of an image' },
  { action: 'container-registry.signature.write', family: 'signature', says: 'write signature', type: 'container-registry/signature', dataEvent: true, severity: 'normal', success: 201, from: '2022-01-18', until: null, deprecated: null, listed: true, description: 'Write a signature for an image' },
  { action: 'container-registry.trash.list', family: 'trash', says: 'list trash', type: 'container-registry/trash', dataEvent: false, severity: 'normal', success: 200, from: '2019-09-23', until: null, deprecated: null, listed: true, description: 'List the deleted images that are still in the trash (30 days)' },
  { action: 'container-registry.trash.restore', family: 'trash', says: 'restore trash', type: 'container-registry/trash', dataEvent: false, severity: 'warning', success: 200, from: '2019-09-23', until: null, deprecated: null, listed: true, description: 'Bring a deleted image back from the trash, with its signature when it had one' },
] as const satisfies readonly {
  action: string
  family: string
  says: string
  type: string
  dataEvent: boolean
  severity: Severity
  success: number
  from: string
  until: string | null
  deprecated: string | null
  listed: boolean
  description: string
}[]

/** One row of the action table. */
export type Action = (typeof actions)[number]

/** A group of actions that one function serves. */
export type Family = Action['family']
