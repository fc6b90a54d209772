import type * as v from 'valibot'
import type { Activity } from '../activity.ts'
import type { Request, Response } from '../request.ts'
import type { Scheme } from './signature.ts'
import type { Noise, Vocabulary } from './vocabulary.ts'

/** Checked settings. */
export type SettingsOf<Settings extends v.ObjectEntries> = v.InferOutput<v.ObjectSchema<Settings, undefined>>

/**
 * A kind of sender: one file each, no file knows another.
 *
 * Both readers throw a `RouterError` for what they cannot use; thrown by `items` it puts the whole body into quarantine, thrown
 * by `read` that one item. They never drop anything: what is no audited action is `Noise`, with its name, and what is not known is
 * `UNKNOWN_ACTION`. One item is one activity: a body that tells of several images is split by `items`.
 */
export interface Source<Settings extends v.ObjectEntries = v.ObjectEntries> {
  name: string
  /** Every way that it may prove itself; any one of them is enough. */
  schemes: readonly Scheme[]
  /** The schemes that hold with `settings`, each of a name that is in `schemes`; all of `schemes` if left out. */
  accepted?(settings: SettingsOf<Settings>): readonly Scheme[]
  /** What `accept` of a registry may say, with the defaults. */
  settings: Settings
  /** What is wrong with settings that are right one by one, each beginning with the name of one. */
  mistakes?(settings: SettingsOf<Settings>): readonly string[]
  /** Every event that the sender can send, and what becomes of it. */
  vocabulary: Vocabulary
  /** Its objects are the sender's own (`requestData`, `policy`, ...) and stay as they were sent; else the texts in them are cleaned. */
  verbatim?: true
  /** Splits a genuine request into its items. */
  items(request: Request, settings: SettingsOf<Settings>): readonly unknown[]
  /** Reads one item. */
  read(item: unknown, request: Request, settings: SettingsOf<Settings>): Activity | Noise
  /** Answers a handshake or a ping: a genuine request that carries no items and wants an answer of its own. */
  handshake?(request: Request): Response | undefined
}

/** What `accept` of a registry of that source may say. */
export type AcceptOf<Kind> =
  Kind extends Source<infer Settings> ? v.InferInput<v.ObjectSchema<Settings, undefined>> : never

/** `source` as it is; its settings give `read` their type. */
export const defineSource = <const Settings extends v.ObjectEntries>(source: Source<Settings>): Source<Settings> =>
  source

/** What a kind of sender says of a field: in every event, in some, or in none. */
export type Filled = 'always' | 'sometimes' | 'never'

/** What the docs say about a source; no function carries it. */
export interface About {
  /** The sender's name. */
  title: string
  /** How a request proves to be genuine. */
  authentication: string
  /** What keeps a captured request from being sent again. */
  replays: string
  /** What the sender does when it gets no 2xx, and how long it waits for an answer. */
  retries: string
  /** What the id of an event is derived from. */
  identity: string
  /** Other names of events, of other versions and formats, with those of the vocabulary. */
  synonyms?: Readonly<Record<string, string>>
  /** Which fields of an event hold what the sender said. */
  fills: Readonly<
    Record<'actor' | 'repository' | 'tag' | 'digest' | 'address' | 'agent' | 'time' | 'domain' | 'outcome', Filled>
  >
}
