import { describe, expect, test } from '@jest/globals'
import type { State } from '../../web/proof.ts'
import { inShort, lackingOf } from '../../web/whole.ts'

const damaged = { location: 'eu-de', file: 'events/x.parquet', why: 'It is torn.' }
const missing = { location: 'eu-de', why: 'leaves 60-89 are in no file' }
const removed = { location: 'eu-de', firstDay: '2026-10-01', lastDay: '2026-10-02', count: 30 }
const found = (...states: State[]) => states.map((state) => ({ location: 'eu-de', size: 1, state, says: '' }))

describe('whether the list is whole', () => {
  const good = found('ok', 'ok')
  test.each([
    ['nothing is wrong', good, {}, 'ok', 'Whole at 2 signed checkpoints'],
    ['nothing was checked yet', undefined, {}, 'unknown', 'Checking 2 checkpoints…'],
    ['nobody answered', [], {}, 'unknown', '2 of 2 checkpoints can not be checked'],
    ['a tile is missing', found('ok', 'unknown'), {}, 'unknown', '1 of 2 checkpoints can not be checked'],
    ['a log was rewritten', found('ok', 'failed'), {}, 'failed', '1 of 2 checkpoints not to be trusted'],
    ['files are damaged', good, { damaged: [damaged, missing] }, 'failed', 'Not whole: 2 damaged parts'],
    ['days were removed', good, { removed: [removed] }, 'unknown', 'Whole but for 30 events removed under retention'],
    ['both', good, { damaged: [missing], removed: [removed] }, 'failed', 'Not whole: 1 damaged part'],
    ['damaged, not yet checked', undefined, { damaged: [damaged] }, 'failed', 'Not whole: 1 damaged part'],
    ['removed, not yet checked', undefined, { removed: [removed] }, 'unknown', 'Checking 2 checkpoints…'],
  ])('is said when %s', (_what, checked, lacking, state, words) => {
    expect(inShort(2, checked, lackingOf([lacking]))).toEqual({ state, words })
  })

  test('is said of all pages, of each part once', () => {
    const other = { ...damaged, location: 'jp-tok' }
    const pages = [{ damaged: [damaged] }, {}, { damaged: [damaged, other], removed: [removed] }]
    expect(lackingOf(pages)).toEqual({ damaged: [damaged, other], removed: [removed] })
  })
})
