import { viewerFiles } from './viewer-files.ts'

/** A file of the viewer: media type, and text. */
export interface ViewerFile {
  type: string
  body: string
}

/**
 * Headers of the viewer's files, in place of the ones of the same name that every answer has: it runs its own script and its own
 * stylesheet, talks to where it came from, and to nobody else.
 */
export const viewerHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
}

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

/**
 * The file at `path` (`/`, `/viewer.js`, ...); `undefined` when it is none of the viewer's. Nothing in it is secret: it is for
 * everybody. Only a bundled function has these files.
 */
export function viewerFile(path: string): ViewerFile | undefined {
  const name = path === '/' ? '/index.html' : path
  const body = Object.hasOwn(viewerFiles, name) ? viewerFiles[name] : undefined
  const type = types[name.slice(name.lastIndexOf('.') + 1)]
  return body === undefined || type === undefined ? undefined : { type, body }
}
