import { BlockList, isIP, isIPv6 } from 'node:net'

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

function addTo(allowed: BlockList, entry: string): boolean {
  const [, address = '', prefix] = ALLOWED.exec(entry) ?? []
  const kind = isIP(address)
  const bits = kind === 6 ? 128 : 32
  if (kind === 0 || Number(prefix ?? bits) > bits) return false
  allowed.addSubnet(address, Number(prefix ?? bits), kind === 6 ? 'ipv6' : 'ipv4')
  return true
}

/**
 * Whether an address is one of `list`, addresses and networks (`192.0.2.0/24`, `2001:db8::/32`); an IPv4 address that is written as IPv6
 * counts as what it is. Without a list every address is, with one an unknown address is not. `complain` is told every entry that is
 * neither.
 */
export function allowedBy(
  list: readonly string[] | undefined,
  complain: (what: string) => void,
): (address: string | undefined) => boolean {
  if (list === undefined) return () => true
  const allowed = new BlockList()
  if (!Array.isArray(list) || list.length === 0) {
    complain('has to be a list of addresses and networks like "192.0.2.0/24"; leave it out to take every address')
    return () => false
  }
  for (const entry of list) {
    if (typeof entry !== 'string' || !addTo(allowed, entry))
      complain(`${JSON.stringify(entry)} is neither an address nor a network like "192.0.2.0/24" or "2001:db8::/32"`)
  }
  return (address = '') => {
    const kind = isIP(address)
    return kind !== 0 && allowed.check(address, kind === 6 ? 'ipv6' : 'ipv4')
  }
}
