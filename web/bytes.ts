// Bytes and hashes with what every browser has.

export type Bytes = Uint8Array<ArrayBuffer>

/** The bytes of base64; `undefined` when `text` is none. */
export function fromBase64(text: string): Bytes | undefined {
  // atob takes blanks, and base64 without its padding: one value would have several forms.
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
}

export const toBase64 = (bytes: Bytes): string => btoa(String.fromCharCode(...bytes))

export const toHex = (bytes: Bytes): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** Of the same length, and the same bytes. What is compared is public, so it may stop at the first that differs. */
export const equal = (a: Bytes, b: Bytes): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index])

export const utf8 = (text: string): Bytes => new TextEncoder().encode(text)

export function join(...parts: readonly Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

export const sha256 = async (bytes: Bytes): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
