const PREFIX = 'crn:v1:bluemix:public:container-registry:'

/** Part of a CRN; a colon in it would be read as the end of the part. */
const part = (text: string): string => text.replaceAll(':', '%3A')

/**
 * CRN of `account`'s registry at `location`, or of a `name` of `kind` in it (`namespace`, `team`). Its last parts never hold a colon,
 * which Cloud Logs' parsing rule relies on. Without a location it is left open for the router.
 */
export function crn(location: string, account: string, kind = '', name = ''): string {
  return `${PREFIX}${location}:a/${account}::${part(kind)}:${part(name)}`
}

/** `text` with `location` filled in when it is an open CRN of `account`'s own registry, whoever wrote it; any other text as it is. */
export function locateCrn(text: string, account: string, location: string): string {
  const open = `${PREFIX}:a/${account}::`
  return text.startsWith(open) ? `${PREFIX}${location}${text.slice(PREFIX.length)}` : text
}
