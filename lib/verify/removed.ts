import { parseHash } from './hashes.ts'
import { parseNote, parseNumber, signedBy, type TreeHead, type VerifierKey } from './note.ts'

/** What a note says that was removed. */
export interface Removed extends TreeHead {
  /** First and last leaf of each run, in order. */
  ranges: (readonly [number, number])[]
}

const HEAD = /^([^\n]+)\nremoved (\d{4}-\d\d-\d\d)\nevents (\d+)\nsize (\d+)\nroot ([^\n]+)\n((?:leaves \d+-\d+\n)*)$/

function parseRanges(lines: string): Removed['ranges'] | undefined {
  const ranges: Removed['ranges'] = []
  let before = -2
  for (const line of lines.split('\n').slice(0, -1)) {
    const [first, last] = line.slice('leaves '.length).split('-').map(parseNumber)
    if (first === undefined || last === undefined || first > last || first <= before + 1) return undefined
    ranges.push([first, last])
    before = last
  }
  return ranges
}

/** What `bytes`, the file of what was removed of `day`, say; or why they say nothing. */
export function readRemoved(bytes: Uint8Array, day: string, key: VerifierKey | undefined): Removed | string {
  const note = parseNote(bytes)
  if (!note) return 'It is no signed note.'
  const signed = key ? signedBy(note, key) : undefined
  if (signed === 'forged') return 'Its text was changed after it was signed.'
  if (signed === 'by another key') return 'The key of the log has not signed it.'
  const [, origin, ofDay, countText = '', sizeText = '', rootText = '', lines = ''] = HEAD.exec(note.text) ?? []
  const [count, size, root, ranges] = [
    parseNumber(countText),
    parseNumber(sizeText),
    parseHash(rootText),
    parseRanges(lines),
  ]
  if (count === undefined || size === undefined || root === undefined || !ranges)
    return 'It has not the form of such a note.'
  if (ofDay !== day || (key && origin !== key.name)) return `It is of ${origin} and ${ofDay}.`
  const events = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0)
  if (events !== count || (ranges.at(-1)?.[1] ?? -1) >= size) return 'What it counts does not add up.'
  return { size, root, ranges }
}
