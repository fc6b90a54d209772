import { hash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

// OCI images made of nothing but this file: no network, no other tool.

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'

interface Descriptor {
  mediaType: string
  digest: string
  size: number
}

/** An image in a layout folder. */
export interface Image {
  /** The layout, for `skopeo copy oci:<layout>`. */
  layout: string
  /** Of what a tag points to: the manifest, or the index when there are several platforms. */
  digest: string
  /** Of the manifest of each platform, by its architecture. */
  manifests: Readonly<Record<string, string>>
}

const digestOf = (data: Buffer | string): string => `sha256:${hash('sha256', data, 'hex')}`

/** A tar archive with one file (POSIX ustar: a header of 512 bytes, the content filled up to 512, two empty blocks). */
function tar(name: string, content: string): Buffer {
  const header = Buffer.alloc(512)
  const put = (text: string, at: number) => header.write(text, at, 'latin1')
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0')
  put(name, 0)
  put(octal(0o644, 7), 100)
  put(octal(0, 7), 108)
  put(octal(0, 7), 116)
  put(octal(Buffer.byteLength(content), 11), 124)
  put(octal(0, 11), 136)
  put(' '.repeat(8), 148)
  put('0', 156)
  put('ustar\u000000', 257)
  put(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\0 `,
    148,
  )
  const body = Buffer.alloc(Math.ceil(Buffer.byteLength(content) / 512) * 512)
  body.write(content)
  return Buffer.concat([header, body, Buffer.alloc(1024)])
}

/**
 * Writes an image for `architectures` of Linux into the new folder `layout`: one of them gives a plain manifest, more give an
 * index. `content` is the text of the one file inside; each architecture has a layer of its own.
 */
export function writeImage(layout: string, architectures: readonly string[], content: string): Image {
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true })
  const keep = (mediaType: string, data: Buffer | string): Descriptor => {
    const digest = digestOf(data)
    writeFileSync(join(layout, 'blobs/sha256', digest.slice('sha256:'.length)), data)
    return { mediaType, digest, size: Buffer.byteLength(data) }
  }
  const write = (architecture: string) => {
    const files = tar('content.txt', `${content} ${architecture}\n`)
    const layer = keep('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(files))
    const platform = { architecture, os: 'linux' }
    const rootfs = { type: 'layers', diff_ids: [digestOf(files)] }
    const config = keep('application/vnd.oci.image.config.v1+json', JSON.stringify({ ...platform, config: {}, rootfs }))
    const manifest = { schemaVersion: 2, mediaType: MANIFEST, config, layers: [layer] }
    return { ...keep(MANIFEST, JSON.stringify(manifest)), platform }
  }
  const manifests = architectures.map(write)
  const index = { schemaVersion: 2, mediaType: INDEX, manifests }
  const top = manifests.length > 1 ? keep(INDEX, JSON.stringify(index)) : (manifests[0] as Descriptor)
  writeFileSync(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [top] }))
  const digests = manifests.map(({ platform, digest }) => [platform.architecture, digest])
  return { layout, digest: top.digest, manifests: Object.fromEntries(digests) }
}
