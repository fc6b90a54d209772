// Thrift's compact protocol, as far as the files of an archive use it. Readers of Parquet differ in what they make of a field that is there
// twice, of a type that is not the one of the field, and of fields that they do not know. So here nothing of that passes: whatever is read is
// read the same by all of them.

/** A file that one reader may take for another one than somebody else does. */
export class Misleading extends Error {}

/** The type of a field; a struct is the table of its fields, a list the type of what it holds. */
export type Type = 'i32' | 'i64' | 'text' | 'bytes' | readonly [Type] | Fields

/** The fields of a struct, by name: id, type, and whether it may be left out. */
export interface Fields {
  readonly [name: string]: Field
}

type Field = readonly [id: number, type: Type, need?: 'optional']

/** What a field of a type holds. */
export type ValueOf<T> = T extends 'i32' | 'i64'
  ? number
  : T extends 'text'
    ? string
    : T extends 'bytes'
      ? Buffer
      : T extends readonly [infer Item]
        ? ValueOf<Item>[]
        : T extends Fields
          ? StructOf<T>
          : never

/** A struct that was read. */
export type StructOf<F extends Fields> = {
  -readonly [Name in keyof F]: ValueOf<F[Name][1]> | (F[Name][2] extends 'optional' ? undefined : never)
}

/** What such a type is called by the protocol. */
const CODES = { i32: 5, i64: 6, text: 8, bytes: 8 } as const
const LIST = 9
const STRUCT = 12

const codeOf = (type: Type): number => {
  if (typeof type === 'string') return CODES[type]
  return Array.isArray(type) ? LIST : STRUCT
}

const byId = new WeakMap<Fields, Map<number, readonly [name: string, type: Type]>>()

/** The fields of a struct by their ids. */
function fieldsOf(fields: Fields): Map<number, readonly [name: string, type: Type]> {
  const known = byId.get(fields) ?? new Map(Object.entries(fields).map(([name, [id, type]]) => [id, [name, type]]))
  byId.set(fields, known)
  return known
}

/** Bytes that are read from their begin to their end. Whatever goes beyond it throws. */
export class ThriftReader {
  at = 0
  private readonly bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  /** The struct that begins here. Throws a `Misleading` unless it has all fields of the table that have to be there, and no others. */
  struct<F extends Fields>(fields: F): StructOf<F> {
    const known = fieldsOf(fields)
    const read: Record<string, unknown> = {}
    let id = 0
    for (let head = this.byte(); head !== 0; head = this.byte()) {
      const step = head >> 4
      id += step
      const field = known.get(id)
      if (step === 0 || !field || codeOf(field[1]) !== (head & 0x0f))
        throw new Misleading(`it has a field ${id} that no writer of an archive writes`)
      read[field[0]] = this.value(field[1])
    }
    const missing = Object.entries(fields).find(([name, [, , need]]) => need !== 'optional' && !(name in read))
    if (missing) throw new Misleading(`it lacks the field \`${missing[0]}\``)
    return read as StructOf<F>
  }

  private value(type: Type): unknown {
    if (type === 'i32') return this.signed(2 ** 31)
    if (type === 'i64') return this.signed(2 ** 53)
    if (type === 'text') return this.binary().toString()
    if (type === 'bytes') return this.binary()
    return Array.isArray(type) ? this.list(type[0]) : this.struct(type as Fields)
  }

  private list(type: Type): unknown[] {
    const head = this.byte()
    const count = head >> 4 === 15 ? this.varint() : head >> 4
    if ((head & 0x0f) !== codeOf(type)) throw new Misleading('it has a list of another type')
    if (count > this.bytes.length) throw new Error('a list goes beyond its end')
    return Array.from({ length: count }, () => this.value(type))
  }

  private binary(): Buffer {
    const length = this.varint()
    if (this.at + length > this.bytes.length) throw new Error('a text goes beyond its end')
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  private byte(): number {
    return this.bytes.readUInt8(this.at++)
  }

  /** A number whose lowest bit is its sign, below `limit`. */
  private signed(limit: number): number {
    const value = this.varint()
    const signed = value % 2 === 0 ? value / 2 : -(value + 1) / 2
    if (Math.abs(signed) >= limit) throw new Misleading('it has a number that is too large')
    return signed
  }

  private varint(): number {
    let value = 0
    for (let factor = 1; factor < 2 ** 56; factor *= 128) {
      const byte = this.byte()
      value += (byte & 0x7f) * factor
      if (value > Number.MAX_SAFE_INTEGER) break
      if (byte < 128) return value
    }
    throw new Misleading('it has a number that is too large')
  }
}
