import { parquetHeader } from 'hyparquet/src/column.js'
import type { Footer } from './tampering.ts'
import { withFooter } from './tampering.ts'

// What somebody can have a file of events say, so that searches pass over events although every row is what it was.

type Column = NonNullable<Footer['row_groups'][number]['columns'][number]['meta_data']>

const chunk = (footer: Footer, name: string) => {
  const found = footer.row_groups[0]?.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === name)
  if (!found?.meta_data) throw new Error(`no column ${name}`)
  return found as typeof found & { meta_data: Column }
}
const column = (footer: Footer, name: string): Column => chunk(footer, name).meta_data

/** Has the levels of a column say that no row has a value, while its page says that all do. */
function withLevels(file: Buffer): Buffer {
  const bytes = Buffer.from(file)
  withFooter(bytes, (footer) => {
    const { dictionary_page_offset, data_page_offset } = column(footer, 'outcome')
    if (dictionary_page_offset === undefined) throw new Error('no dictionary')
    const reader = {
      view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
      offset: Number(data_page_offset),
    }
    const length = parquetHeader(reader).data_page_header_v2?.definition_levels_byte_length ?? 0
    bytes[reader.offset + length - 1] = 0
  })
  return bytes
}

const footerOf =
  (change: (footer: Footer) => void) =>
  (file: Buffer): Buffer =>
    withFooter(file, change)

/** What is done to a file, and the file that comes of it. */
export const misleading: readonly [string, (file: Buffer) => Buffer][] = [
  [
    'the smallest time',
    footerOf((footer) => Object.assign(column(footer, 'time').statistics ?? {}, { min_value: 0n })),
  ],
  ['the largest time', footerOf((footer) => Object.assign(column(footer, 'time').statistics ?? {}, { max_value: 1n }))],
  [
    'the smallest leaf',
    footerOf((footer) => Object.assign(column(footer, 'leaf').statistics ?? {}, { min_value: 9n ** 9n })),
  ],
  ['the largest leaf', footerOf((footer) => Object.assign(column(footer, 'leaf').statistics ?? {}, { max_value: 0n }))],
  [
    'how many times are missing',
    footerOf((footer) => Object.assign(column(footer, 'time').statistics ?? {}, { null_count: 99n })),
  ],
  [
    'a smallest time of an older kind',
    footerOf((footer) => Object.assign(column(footer, 'time').statistics ?? {}, { min: 0n })),
  ],
  ['no statistics of its times', footerOf((footer) => void delete column(footer, 'time').statistics)],
  [
    'statistics of another column',
    footerOf((footer) =>
      Object.assign(column(footer, 'initiator_id'), { statistics: { null_count: 0n, min_value: 'a', max_value: 'a' } }),
    ),
  ],
  [
    'times in microseconds, beside milliseconds',
    footerOf((footer) =>
      Object.assign(footer.schema[3] ?? {}, {
        logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
      }),
    ),
  ],
  [
    'times in microseconds',
    footerOf((footer) => Object.assign(footer.schema[3] ?? {}, { converted_type: 'TIMESTAMP_MICROS' })),
  ],
  ['texts that are JSON', footerOf((footer) => Object.assign(footer.schema[2] ?? {}, { converted_type: 'JSON' }))],
  [
    'leaves that may be missing',
    footerOf((footer) => Object.assign(footer.schema[1] ?? {}, { repetition_type: 'OPTIONAL' })),
  ],
  ['values that are missing although their page has all', withLevels],
  [
    'a column in another file',
    footerOf((footer) => Object.assign(chunk(footer, 'id'), { file_path: 'other.parquet' })),
  ],
  [
    'a column at another place',
    footerOf((footer) =>
      Object.assign(column(footer, 'id'), column(footer, 'correlation_id'), { path_in_schema: ['id'] }),
    ),
  ],
  [
    'values behind their first page',
    footerOf((footer) =>
      Object.assign(column(footer, 'id'), { data_page_offset: column(footer, 'id').data_page_offset + 9n }),
    ),
  ],
  [
    'a Bloom filter',
    footerOf((footer) => Object.assign(column(footer, 'id'), { bloom_filter_offset: 4n, bloom_filter_length: 9 })),
  ],
  [
    'an index of pages',
    footerOf((footer) => Object.assign(chunk(footer, 'id'), { offset_index_offset: 4n, offset_index_length: 9 })),
  ],
  [
    'an index of what is in pages',
    footerOf((footer) => Object.assign(chunk(footer, 'time'), { column_index_offset: 4n, column_index_length: 9 })),
  ],
  [
    'a word for its readers',
    footerOf((footer) => Object.assign(footer, { key_value_metadata: [{ key: 'a', value: 'b' }] })),
  ],
  [
    'a word about a column',
    footerOf((footer) => Object.assign(column(footer, 'id'), { key_value_metadata: [{ key: 'a', value: 'b' }] })),
  ],
  [
    'rows that are sorted by something else',
    footerOf((footer) =>
      Object.assign(footer.row_groups[0] ?? {}, {
        sorting_columns: [{ column_idx: 1, descending: false, nulls_first: false }],
      }),
    ),
  ],
  ['fewer rows than it has', footerOf((footer) => Object.assign(footer, { num_rows: 1n }))],
  ['fewer values than it has', footerOf((footer) => Object.assign(column(footer, 'id'), { num_values: 1n }))],
  ['another encoding', footerOf((footer) => Object.assign(column(footer, 'action'), { encodings: ['PLAIN'] }))],
  [
    'more pages than it has',
    footerOf((footer) => Object.assign(column(footer, 'time').encoding_stats?.[0] ?? {}, { count: 9 })),
  ],
  [
    'pages that are larger when they are unpacked',
    footerOf((footer) => Object.assign(column(footer, 'id'), { total_uncompressed_size: 9n })),
  ],
  ['nothing of some of its bytes', (file) => withFooter(file, () => {}, Buffer.alloc(5))],
]
