import { isIPv6 } from 'node:net'

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
