// Names of images as senders write them: with or without a scheme, a domain, a tag, a digest.

/** Parts of an image's name. */
export interface ImageName {
  domain?: string
  repository: string
  tag?: string
  digest?: string
}

const DIGEST = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/

/** Whether `text` has the form of a digest. */
export const isDigest = (text: string): boolean => DIGEST.test(text)

/**
 * `registry.example.com:5000/team/app:1.0@sha256:…` in its parts. The first part is the domain when `hasDomain` says so, or when
 * it looks like one: a dot, a port, or `localhost`.
 */
export function splitImage(name: string, hasDomain?: boolean): ImageName {
  const [path = '', digest] = name.replace(/^https?:\/\//, '').split('@', 2)
  const colon = path.lastIndexOf(':')
  const isTag = colon > path.lastIndexOf('/')
  const whole = isTag ? path.slice(0, colon) : path
  const slash = whole.indexOf('/')
  const first = slash < 0 ? '' : whole.slice(0, slash)
  const isDomain = slash > 0 && (hasDomain ?? /[.:]|^localhost$/.test(first))
  return {
    ...(isDomain ? { domain: first } : {}),
    repository: isDomain ? whole.slice(slash + 1) : whole,
    ...(isTag && colon + 1 < path.length ? { tag: path.slice(colon + 1) } : {}),
    ...(digest ? { digest } : {}),
  }
}
