import { isIP } from 'node:net'
import { CommandError } from './exits.ts'

// Addresses that a command was told: where a secret goes, and where it does not go.

const isLoopback = ({ hostname }: URL): boolean =>
  hostname === 'localhost' ||
  hostname.endsWith('.localhost') ||
  hostname === '[::1]' ||
  (isIP(hostname) === 4 && hostname.startsWith('127.'))

/** An address, and whether it is one of this machine. */
export interface Address {
  url: URL
  isLoopback: boolean
}

const wrong = (what: string) => new CommandError('usage', `${what}\nNothing was sent.`)

/**
 * The address that somebody wrote at `where` (an option, a variable). Throws a `CommandError` for what is none, for one with credentials
 * in it, and for plain HTTP to another machine, unless `plain` says that it is meant: whoever is on the way reads the secret there.
 */
export function addressAt(text: string, where: string, plain: boolean): Address {
  const url = URL.parse(text)
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw wrong(`${where} has to be an address that begins with https:// or http://.`)
  // Neither is repeated: it may hold a secret.
  if (url.username || url.password)
    throw wrong(`${where} holds credentials. Take them out: others on this machine see what a command was told.`)
  if (url.hash) throw wrong(`${where} has a part behind "#", which is never sent.`)
  const loopback = isLoopback(url)
  if (url.protocol === 'http:' && !loopback && !plain)
    throw wrong(
      `${where} is plain HTTP to another machine (${url.host}): whoever is on the way would read the secret. Use https, or say --plain-http.`,
    )
  return { url, isLoopback: loopback }
}
