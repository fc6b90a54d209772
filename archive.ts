import type { ArchiveConfig } from './lib/archives.ts'

// The archives of all locations (docs/archive.md): who may ask for their events, and for how long these are kept. This one is for
// trying things out. Replace it with your own; the file is checked at every start.
//
// Secrets never stand here: SECRET_READER_<ID> in the environment on one machine, registry-events/<stage>/reader-<id> in Secrets
// Manager on AWS.

export const archive: ArchiveConfig = {
  origin: 'registry-events.example.com',
  readers: [{ id: 'local', locations: 'all' }],
}
