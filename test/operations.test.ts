import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { kindEntries } from '../deploy/template/alarms.ts'
import { resources } from '../deploy/template.ts'
import { places } from '../lib/locations.ts'

const to = { webhook: 'https://alerts.example.com/' }
const settings = {
  registryIds: ['a'],
  readerIds: ['auditor'],
  lock: undefined,
  undoDays: 30,
  answerDays: 1,
  alerts: [{ id: 'deletions', to }],
}

// Whoever is woken by an alarm finds its paragraph, and no paragraph tells of an alarm that there is not.

const text = readFileSync(join(resolve(import.meta.dirname, '..'), 'docs/operations.md'), 'utf8')
const [, chapter = ''] = /\n## Alarms\n([\s\S]*?)\n## /.exec(text) ?? []
const paragraphs = new Map(
  chapter
    .split('\n### ')
    .slice(1)
    .map((part) => [part.slice(0, part.indexOf('\n')), part]),
)

interface Alarm {
  Type: string
  Properties: { AlarmName: string; AlarmDescription: string }
}

test.each(['eu-north-1', ...places.map(({ awsRegion }) => awsRegion)])(
  'deployed to %s, every alarm has its paragraph',
  (awsRegion) => {
    const { Resources } = resources({ service: 's', stage: 'dev', awsRegion, ...settings })
    const alarms = (Object.values(Resources) as Alarm[]).filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
    expect(alarms.length).toBeGreaterThan(60)
    for (const { Properties } of alarms) {
      const [, anchor = ''] = / docs\/operations\.md#([a-z0-9-]+)$/.exec(Properties.AlarmDescription) ?? []
      expect([...paragraphs.keys()]).toContain(anchor)
      expect(`${Properties.AlarmName}-`).toMatch(new RegExp(`^registry-events-dev-${anchor}-`))
    }
  },
)

test('every paragraph has its alarm', () => {
  expect([...paragraphs.keys()]).toEqual(kindEntries.map(([name]) => name))
})

describe('a paragraph says what it means, how to look, what to do and how it is over', () => {
  test.each([...paragraphs])('%s', (_, paragraph) => {
    const words = [...paragraph.matchAll(/\*\*(Means|Look|Do|Over)\*\*/g)].map(([, word]) => word)
    expect(words).toEqual(['Means', 'Look', 'Do', 'Over'])
  })
})

test('every link of the page leads somewhere', () => {
  const anchors = [...text.matchAll(/^#{2,3} (.+)$/gm)].map(([, title = '']) =>
    title.toLowerCase().replaceAll(' ', '-'),
  )
  for (const [, anchor] of text.matchAll(/\]\(#([^)]+)\)/g)) expect(anchors).toContain(anchor)
})
