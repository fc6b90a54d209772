/** A change that no test notices, and why that is harmless. */
export interface Survivor {
  file: string
  /** The whole line that it is in. */
  within: string
  /** What stood there, and what stands there then. */
  from: string
  to: string
  why: string
}

const of = (file: string, within: string, changes: readonly [from: string, to: string, why: string][]): Survivor[] =>
  changes.map(([from, to, why]) => ({ file, within, from, to, why }))

const FAMILY = 'lib/family.ts'
const SIGNATURE = 'lib/sources/signature.ts'

export const survivors: readonly Survivor[] = [
  ...of(FAMILY, 'const NONE: readonly string[] = []', [
    ['[]', '["Stryker was here"]', 'where no secret is needed nothing that counts looks at secrets'],
  ]),
  ...of(FAMILY, 'if (registry && isNeeded && String(renewed) !== String(values) && (await proves(renewed)))', [
    [
      'registry && isNeeded && String(renewed) !== String(values)',
      'registry && isNeeded || String(renewed) !== String(values)',
      'it only saves trying again: nothing holds for a registry that does not exist, and no secret for one that needs none',
    ],
    [
      'registry && isNeeded && String(renewed) !== String(values)',
      'true',
      'it only saves trying again: nothing holds for a registry that does not exist, and no secret for one that needs none',
    ],
    [
      'registry && isNeeded',
      'true',
      'it only saves trying again: nothing holds for a registry that does not exist, and no secret for one that needs none',
    ],
    [
      'registry && isNeeded',
      'registry || isNeeded',
      'it only saves trying again: nothing holds for a registry that does not exist, and no secret for one that needs none',
    ],
    [
      'String(renewed) !== String(values)',
      'true',
      'a list that has not changed proves nothing the second time; it only costs comparing it',
    ],
  ]),
  ...of(FAMILY, 'const STRANGER = attemptsOf([], schemes)', [
    ['[]', '["Stryker was here"]', 'what is accepted is found by its name, and this has none'],
  ]),
  ...of(FAMILY, 'const isAllowed = registry?.allows(request.address) ?? false', [
    ['false', 'true', 'no scheme counts for a registry that does not exist, whatever its addresses'],
  ]),
  ...of(FAMILY, 'return sources[source].handshake?.(request)', [
    [
      'sources[source].handshake?.(request)',
      'sources[source].handshake(request)',
      'calling what is not there throws, and what a handshake throws is none',
    ],
  ]),
  ...of(FAMILY, '} catch {', [['{ return undefined }', '{}', 'a function that returns nothing returns `undefined`']]),
  ...of(SIGNATURE, 'if (!header) return false', [
    [
      '!header',
      'false',
      'without a header nothing is compared: `undefined` is refused two lines on, and no secret is empty',
    ],
  ]),
  ...of(SIGNATURE, "const [, scheme = '', credentials = ''] = /^(bearer|basic) +(.*)$/i.exec(header) ?? []", [
    [
      "''",
      '"Stryker was here!"',
      'text that does not match is the bare secret, whose scheme and credentials are not looked at',
    ],
    ['[]', '["Stryker was here"]', 'the first of the list is thrown away'],
  ]),
  ...of(SIGNATURE, "if (!request.query.includes('token=')) return false", [
    ["'token='", '""', 'it only saves reading a query string that has no token, which is `null` afterwards'],
    [
      "!request.query.includes('token=')",
      'false',
      'it only saves reading a query string that has no token, which is `null` afterwards',
    ],
  ]),
  ...of(SIGNATURE, "const [, credentials] = /^splunk +(.*)$/i.exec(headers.authorization ?? '') ?? []", [
    ["''", '"Stryker was here!"', 'only text that begins with `splunk` has credentials'],
    ['[]', '["Stryker was here"]', 'the first of the list is thrown away'],
  ]),
  ...of(SIGNATURE, 'if (known) return known', [
    ['known', 'false', 'a key that is made again is the same key'],
    ['known', 'false', 'secrets that are sorted again are sorted alike'],
  ]),
  ...of(SIGNATURE, "const text = secret.slice(prefix.length).replace(/=+$/, '')", [
    ['/=+$/', '/=+/', 'decoding ends at the first `=`, so what stands behind it makes the two differ anyway'],
  ]),
  ...of(SIGNATURE, "if (text === '' || bytes.toString('base64').replace(/=+$/, '') !== text)", [
    ['/=+$/', '/=+/', 'what is encoded here has `=` at its end alone'],
  ]),
  ...of(SIGNATURE, 'const signatures = [...list.slice(0, 4096).matchAll(/(v\\d+[a-z]?),([\\w+/=-]+)/g)]', [
    [
      '/(v\\d+[a-z]?),([\\w+/=-]+)/g',
      '/(v\\d[a-z]?),([\\w+/=-]+)/g',
      'only who holds the secret can write a list that they read differently: `v11,v1,<signature>`',
    ],
  ]),
  ...of(SIGNATURE, "signatures.filter(([, version]) => version === wanted).map(([, , signature = '']) => signature)", [
    ["''", '"Stryker was here!"', 'the second group always holds something'],
  ]),
  ...of(SIGNATURE, 'const signed = asymmetric.length > 0 ? Buffer.concat([Buffer.from(start), body]) : body', [
    ['asymmetric.length > 0', 'true', 'without a signature by a key nothing is verified with it'],
    ['asymmetric.length > 0', 'asymmetric.length >= 0', 'without a signature by a key nothing is verified with it'],
  ]),
  ...of(SIGNATURE, 'const configured = asymmetric.length > 0 ? secrets.publicKeys.map(publicKeyOf) : []', [
    ['asymmetric.length > 0', 'true', 'it only saves making keys that nothing is verified with'],
    ['asymmetric.length > 0', 'asymmetric.length >= 0', 'it only saves making keys that nothing is verified with'],
    ['[]', '["Stryker was here"]', 'without a signature by a key nothing is verified with it'],
  ]),
  ...of(SIGNATURE, "const passed = typeof answer === 'boolean' ? answer : await answer", [
    ["typeof answer === 'boolean'", 'false', 'waiting for what is there already gives the same'],
    ["'boolean'", '""', 'waiting for what is there already gives the same'],
  ]),
]
