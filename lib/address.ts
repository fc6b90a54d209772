import { BlockList, isIPv4, isIPv6 } from 'node:net'

/**
 * A client address without port and brackets, and its kind: takes `ip`, `ip:port`, `[v6]:port`, `v6`, and the first entry of a
 * proxy's list (docs/sources/distribution.md). What is no IP address stays as it is, as `IPv4`, the published default.
 */
export function readAddress(text: string): { address: string; addressType: 'IPv4' | 'IPv6' | 'subnet' } {
  const first = (text.split(',')[0] as string).trim()
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(first)?.[1]
  const address = bracketed ?? (/^[^:]+:\d+$/.test(first) ? first.slice(0, first.lastIndexOf(':')) : first)
  if (/^[\da-fA-F.:]+\/\d{1,3}$/.test(address)) return { address, addressType: 'subnet' }
  return { address, addressType: isIPv6(address) ? 'IPv6' : 'IPv4' }
}

const ALLOWED = /^([\da-f:.]+)(?:\/(\d{1,3}))?$/i

const familyOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4')

function addTo(allowed: BlockList, entry: string): boolean {
  const [, address = '', prefix] = ALLOWED.exec(entry) ?? []
  try {
    allowed.addSubnet(address, Number(prefix ?? (isIPv6(address) ? 128 : 32)), familyOf(address))
    return true
  } catch {
    return false
  }
}

/**
 * Whether an address is one of `list`, addresses and networks (`192.0.2.0/24`, `2001:db8::/32`); an IPv4 address that is written as IPv6
 * counts as what it is. Without a list every address is, with one an unknown address is not. `complain` is told everything that is
 * wrong with it.
 */
export function allowedBy(
  list: readonly string[] | undefined,
  complain: (what: string) => void,
): (address: string | undefined) => boolean {
  if (list === undefined) return () => true
  const allowed = new BlockList()
  const isList = Array.isArray(list) && list.length > 0
  const wrong = isList ? list.filter((entry) => !addTo(allowed, String(entry))) : [list]
  for (const entry of wrong) {
    complain(`has to be a list of addresses and networks like "192.0.2.0/24", which ${JSON.stringify(entry)} is not`)
  }
  return (address = '') => allowed.check(address, familyOf(address))
}

/** The 16 bytes of an address, an IPv4 address as the IPv6 address that means it (RFC 4291 2.5.5.2); `undefined` for any other text. */
function bytesOf(address: string): Uint8Array | undefined {
  if (isIPv4(address)) return Uint8Array.from([...Array(10).fill(0), 255, 255, ...address.split('.').map(Number)])
  if (!isIPv6(address) || address.includes('%')) return undefined
  const dotted = /[\d.]+$/.exec(address)?.[0] ?? ''
  const [a, b, c, d] = dotted.split('.').map(Number) as [number, number, number, number]
  const tail = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
  const plain = dotted.includes('.') ? address.slice(0, -dotted.length) + tail : address
  const [before = [], after = []] = plain.split('::').map((part) => part.split(':').filter((group) => group !== ''))
  const groups = [...before, ...Array(8 - before.length - after.length).fill('0'), ...after]
  return Uint8Array.from(groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]))
}

/** What the digits of an IPv4 address begin with. */
const MAPPED = '00000000000000000000FFFF'

const upperHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

/** The first and the last address of a network, 32 hexadecimal digits each, in capital letters. */
export interface Network {
  first: string
  last: string
}

/** The network `text`: `192.0.2.0/24`, `2001:db8::/32`. `undefined` when it is none. */
export function readNetwork(text: string): Network | undefined {
  const [, address = '', prefix = ''] = /^([\da-f:.]+)\/(\d{1,3})$/i.exec(text) ?? []
  const bytes = bytesOf(address)
  const bits = Number(prefix) + (isIPv4(address) ? 96 : 0)
  if (!bytes || bits > 128) return undefined
  const mask = (index: number) => 255 >> Math.min(8, Math.max(0, bits - index * 8))
  return {
    first: upperHex(bytes.map((byte, index) => byte & ~mask(index))),
    last: upperHex(bytes.map((byte, index) => byte | mask(index))),
  }
}

/** What all ways to write an address share. */
export interface Spelling {
  /** How it is written without a colon, if it can be; else as it was given. */
  value: string
  /** What it can begin with, each of one character. */
  starts: readonly string[]
  /** Its last four bytes as IPv4 writes them, behind a colon: how it ends if it ends so. */
  tail: string
  /** The digits of its groups but zeros, in small letters: whichever groups are left out, and however they are filled up. */
  digits: string
  /** All of its 32 digits, as in `Network`. */
  key: string
}

/** The address `text` in whatever way it is written; `undefined` when it is none. */
export function spellingOf(text: string): Spelling | undefined {
  const bytes = bytesOf(text)
  if (!bytes) return undefined
  const key = upperHex(bytes)
  const dotted = bytes.slice(12).join('.')
  const digits = key.toLowerCase().replaceAll('0', '')
  const first = digits.slice(0, 1) || '0'
  const starts = ['0', ':', first, first.toUpperCase()]
  return { value: key.startsWith(MAPPED) ? dotted : text, starts, tail: `:${dotted}`, digits, key }
}
