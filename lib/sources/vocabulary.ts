import type { actions } from '../actions.ts'
import { RouterError } from '../errors.ts'

/** A webhook item that is no audited action: counted under `ignored`, a word or two that say what it is. */
export interface Noise {
  ignored: string
}

/** An action of any edition without what all have in common: `image.push`. */
export type ShortAction = (typeof actions)[number]['action'] extends `container-registry.${infer Name}` ? Name : never

/** What an event means: an audited action, failed if it says so, or no audited action, by its name. */
export type Verdict = { action: ShortAction; outcome?: 'failure'; code?: number } | Noise

/** What an event means, and the setting that makes it mean something else. */
export type Meaning = Verdict & {
  unless?: { readonly setting: string; readonly is: string; readonly becomes: Verdict }
}

/**
 * Every event that a sender can send, by its own name for it; where one name means several things a comma and the difference
 * follow. What is not in it is unknown and goes to quarantine: nothing that a vendor adds is ignored by itself.
 */
export type Vocabulary = Readonly<Record<string, Meaning>>

/** An audited action, and the rule that says so: the name of the event in the vocabulary. */
export type Ruled = Exclude<Verdict, Noise> & { rule: string }

/**
 * What the event `name` means with `settings`. Throws `UNKNOWN_ACTION` for a name that the vocabulary does not have; `sender` is
 * for its sentence.
 */
export function meaningOf(sender: string, vocabulary: Vocabulary, name: string, settings: object = {}): Ruled | Noise {
  const meaning = Object.hasOwn(vocabulary, name) ? vocabulary[name] : undefined
  if (!meaning) {
    throw new RouterError('UNKNOWN_ACTION', `${sender} has no event ${JSON.stringify(name.slice(0, 96))} known here.`)
  }
  const { unless } = meaning
  const applies = unless && (settings as Readonly<Record<string, unknown>>)[unless.setting] === unless.is
  const verdict = applies ? unless.becomes : meaning
  return 'ignored' in verdict ? verdict : { ...verdict, rule: name }
}

/** What an activity says of `verdict`: the full name of the action, and the rule. */
export const ruled = ({ action, rule }: Ruled) => ({ action: `container-registry.${action}`, rule })

/** How a pushed image is named: by a tag, by its digest alone, or by a tag that is a signature's or an attestation's. */
export type Naming = 'by tag' | 'by digest' | 'signature'

/**
 * The tags of what belongs to an image: `sha256-<hex>.sig` as cosign writes them, `sha256-<hex>` for whatever refers to it. The
 * digest is whole, but it is whoever pushes that chooses a tag.
 */
const SIGNATURE = /^(?:sha256-[0-9a-f]{64}|sha384-[0-9a-f]{96}|sha512-[0-9a-f]{128})(?:\.(?:sig|att|sbom))?$/

/** See `Naming`. What names neither tag nor digest is no push by digest: what is wrong with it shows as with any other. */
export function namingOf(tag: string | null | undefined, digest: string | null | undefined): Naming {
  if (tag) return SIGNATURE.test(tag) ? 'signature' : 'by tag'
  return digest ? 'by digest' : 'by tag'
}

/** The three meanings of a sender's push `event`, with the settings `children` and `signatures` (lib/sources/settings.ts). */
export const pushes = <Event extends string>(event: Event) =>
  ({
    [`${event}, by tag`]: { action: 'image.push' },
    [`${event}, by digest`]: {
      action: 'image.push',
      unless: { setting: 'children', is: 'tagged', becomes: { ignored: 'push by digest' } },
    },
    [`${event}, signature`]: {
      action: 'image.push',
      unless: { setting: 'signatures', is: 'ignore', becomes: { ignored: 'signature' } },
    },
  }) as Readonly<Record<`${Event}, ${Naming}`, Meaning>>

const verdictSays = (verdict: Verdict, code: (text: string) => string): string => {
  if ('ignored' in verdict) return `ignored: ${verdict.ignored}`
  const failed = verdict.outcome ? `, failed${verdict.code ? ` (${verdict.code})` : ''}` : ''
  return code(verdict.action) + failed
}

/** `meaning` in words: `image.push; with children: 'tagged' ignored: push by digest`. `code` marks what is no word. */
export function says({ unless, ...verdict }: Meaning, code = (text: string): string => text): string {
  const exception = unless
    ? `; with ${code(`${unless.setting}: '${unless.is}'`)} ${verdictSays(unless.becomes, code)}`
    : ''
  return verdictSays(verdict, code) + exception
}
