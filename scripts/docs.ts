import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { toJsonSchema } from '@valibot/to-json-schema'
import { commands, groups } from '../cli/commands/index.ts'
import { exits } from '../cli/exits.ts'
import { filters, flagOf } from '../cli/query.ts'
import { samples, sourceNames } from '../cli/samples/index.ts'
import type { Told } from '../cli/samples/sample.ts'
import { kindEntries } from '../deploy/template/alarms.ts'
import { families } from '../functions/webhook.ts'
import { actions } from '../lib/actions.ts'
import { type Activity, activityDataSchema } from '../lib/activity.ts'
import { type Column, columns } from '../lib/archive/columns.ts'
import { toText } from '../lib/body.ts'
import { edition, NEWEST } from '../lib/edition.ts'
import { errors } from '../lib/errors.ts'
import { type AuditEvent, locate, writeEvent } from '../lib/event.ts'
import { type FormatName, formatNames } from '../lib/formats/format.ts'
import { formats } from '../lib/formats/index.ts'
import { schemas } from '../lib/formats/schemas/index.ts'
import { deadLetterQueue, intakeQueue, quarantineQueue } from '../lib/queues/names.ts'
import { checkRegistries } from '../lib/registries.ts'
import { route } from '../lib/route.ts'
import type { TargetRule } from '../lib/target.ts'
import { kinds } from '../lib/verify/findings.ts'
import { allQueues } from '../local/sqs.ts'
import { allEvents, fields, overview, pages, summary } from './sources.ts'

// Writes what the docs repeat of the tables, between markers; `--check` writes nothing and fails when something is stale.

const root = resolve(import.meta.dirname, '..')
const SEED = '2020-07-28'

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const code = (text: string): string => `\`${text}\``
const short = (action: string): string => code(action.slice('container-registry.'.length))

function actionTable(): string {
  const standing = (row: (typeof actions)[number]) => {
    const end = row.until ? `before ${row.until}` : 'today'
    const note = row.deprecated ? `, deprecated from ${row.deprecated}` : ''
    return `${row.from} to ${end}${note}${row.listed ? '' : ' (mapping page only)'}`
  }
  const rows = actions.map((row) => {
    const kind = row.dataEvent ? 'data' : 'management'
    const inCadf = row.cadf.map(code).join(' ')
    return [short(row.action), code(row.family), kind, row.severity, inCadf, standing(row), row.description]
  })
  return table(
    ['action', 'family', 'event', 'severity', '[CADF](events.md#cadf)', 'on the page', 'what it reports'],
    rows,
  )
}

function seedActionTable(): string {
  const rows = edition(SEED).actions.map((row) => {
    const note = [row.dataEvent ? 'data event' : '', row.deprecated ? 'deprecated' : ''].filter(Boolean).join(', ')
    return [short(row.action), code(row.family), note]
  })
  return table(['action', 'family', ''], rows)
}

function locationTable(): string {
  const old = edition(SEED)
  const rows = edition(NEWEST).regions.map((row) => {
    const then = old.domain(row.domain)
    const name = row.alias ? `${code(row.region)} (${code(row.alias)})` : code(row.region)
    return [name, code(row.domain), then ? then.locationName : '', row.locationName]
  })
  return table(['region (former name)', 'domain', `edition ${SEED}`, `edition ${NEWEST}`], rows)
}

function ruleText({ needs = [], either = [] }: TargetRule): string {
  const all = needs.map((field) => code(field))
  if (either.length > 0) all.push(either.map((field) => code(field)).join(' or '))
  return all.length > 0 ? all.join(', ') : 'nothing'
}

function targetTable(): string {
  const rows = edition(NEWEST)
    .actions.concat(edition(SEED).actions)
    .filter((row, index, all) => all.findIndex((other) => other.action === row.action) === index)
    .map((row) => {
      const rules = families.find((entry) => entry.family === row.family)
      return [short(row.action), ruleText(rules?.except?.[row.action] ?? rules?.target ?? {})]
    })
    .sort(([a = ''], [b = '']) => a.localeCompare(b))
  return table(['action', '`data.target` needs'], rows)
}

function errorTable(): string {
  const rows = Object.entries(errors).map(([name, row]) => [
    code(name),
    row.status === null ? '202, in quarantine' : String(row.status),
    row.retry ? 'yes' : 'no',
    row.message,
  ])
  return table(['code', 'answer', 'try again', 'what it says'], rows)
}

function exitTable(): string {
  return table(
    ['exit code', 'means'],
    Object.values(exits).map(({ code: exit, means }) => [String(exit), means]),
  )
}

function commandTable(): string {
  const all = [
    ...commands,
    ...Object.entries(groups).flatMap(([name, group]) =>
      group.commands.map((spec) => ({ ...spec, usage: `${name} ${spec.usage}` })),
    ),
  ]
  return table(
    ['command', ''],
    all.map(({ usage, summary }) => [code(usage), summary]),
  )
}

function filterTable(): string {
  const rows = filters.map((filter) => {
    const values = filter.choices ? `: ${filter.choices.map(code).join(', ')}` : ''
    return [code(`${flagOf(filter)} <${filter.value}>`), `${filter.says}${values}`]
  })
  return table(['option', 'events'], rows)
}

function sampleTable(): string {
  const told: Told = {
    id: '',
    time: 0,
    repository: '',
    tag: '',
    digest: '',
    domain: '',
    initiator: '',
    address: '',
    agent: '',
  }
  const rows = sourceNames.map((source) => {
    const { way, actions: known } = samples[source]
    const names = Object.keys(known).map(code)
    return [code(source), way(told).name, names.length > 20 ? 'every action of the table' : names.join(' ')]
  })
  return table(['source', 'proves itself by', '`--action`'], rows)
}

function findingTable(): string {
  return table(
    ['code', 'what is wrong', 'what to do'],
    Object.entries(kinds).map(([name, { means, todo }]) => [code(name), means, todo]),
  )
}

function columnTable(): string {
  const rows = columns.map((column: Column) => [
    code(column.name),
    column.type,
    column.path ? code(column.path) : '',
    column.hole === undefined ? '' : `U+${column.hole.toString(16).toUpperCase().padStart(4, '0')}`,
    column.says,
  ])
  return table(['column', 'type', 'in the event', 'stands for it in `event`', 'what it is'], rows)
}

function queueTable(): string {
  const rows = allQueues('local', 'eu-central-1').map((queue) => {
    const shared = [intakeQueue, quarantineQueue].some((make) => make('local', '').name === queue.name)
    return [
      code(queue.name),
      code(deadLetterQueue(queue).name),
      shared ? 'every region of the router' : code(queue.awsRegion),
    ]
  })
  return table(['queue (stage `local`)', 'dead-letter queue', 'AWS region'], rows)
}

function alarmTable(): string {
  const sample = {
    service: '',
    stage: '',
    awsRegion: '',
    registryIds: [],
    readerIds: [],
    lock: undefined,
    undoDays: 30,
    answerDays: 1,
    alerts: [],
  }
  const rows = kindEntries.map(([name, kind]) => {
    const metrics = Object.values(kind.metrics(sample, ''))
    const seconds = metrics.some((metric) => metric.name.includes('Age')) ? ' s' : ''
    const { periods = 1, datapoints = periods, minutes, threshold, expression } = kind
    return [
      `[${kind.each ? `${name}-<${kind.each.what}>` : name}](#${name})`.replace(/[<>]/g, '*'),
      kind.says,
      metrics.map((metric) => code(`${metric.namespace} ${metric.name}`)).join(', ') +
        (expression ? `: ${code(expression)}` : ''),
      `${threshold}${seconds} or more in ${datapoints} of ${periods} × ${minutes} min`,
    ]
  })
  return table(['alarm', 'what it says', 'metric', 'fires at'], rows)
}

const json = (title: string, description: string, schema: object): string =>
  `${JSON.stringify({ title, description, ...schema }, null, 2)}\n`

function activitySchema(): string {
  const schema = toJsonSchema(activityDataSchema, {
    typeMode: 'input',
    errorMode: 'ignore',
    // The only custom schema is the one of objects with any fields.
    overrideSchema: ({ valibotSchema }) => (valibotSchema.type === 'custom' ? { type: 'object' } : undefined),
  })
  const description = 'What `data` of a CloudEvent of type `container-registry.<object>.<verb>` holds.'
  return json('Activity', description, schema)
}

const eventSchema = (name: FormatName): string =>
  json(`Event, ${name}`, 'A message of a location queue (docs/events.md).', toJsonSchema(schemas[name]))

/** An event that has its location: a push as Distribution tells of it. */
function sampleEvent(): AuditEvent {
  const action = 'container-registry.image.push'
  const configs = [
    { id: 'distribution', source: 'distribution', domain: 'de.icr.io', region: 'eu-central', account: 'local' },
  ] as const
  const registry = checkRegistries(configs, SEED).get('distribution')
  const row = edition(SEED).action(action)
  const rule = families.find(({ family }) => family === 'image')?.target
  if (!registry || !row || !rule) throw new Error('The sample of docs/events.md can not be written')
  const activity: Activity = {
    action,
    rule: 'push, by tag',
    senderId: 'e1',
    time: Date.UTC(2020, 6, 28, 12),
    target: { repository: 'team/app', tag: '1.0', digest: `sha256:${'6f25'.repeat(16)}` },
    initiator: { name: 'alice', address: '192.0.2.10:51312', agent: 'docker/27.0' },
    reason: {},
    requestData: { mediaType: 'application/vnd.oci.image.manifest.v1+json' },
    correlationId: 'r1',
    domain: 'de.icr.io',
  }
  const event = writeEvent(activity, row, rule, registry, Date.UTC(2020, 6, 28, 12, 0, 1, 630))
  return locate(event, route(registry.region, SEED).location)
}

const inOneLine = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(inOneLine).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${JSON.stringify(key)}: ${inOneLine(inner)}`)
    .join(', ')} }`
}

/** JSON text in which whatever fits into a line stands in one. */
function pretty(value: unknown, indent = '', label = ''): string {
  const line = `${indent}${label}${inOneLine(value)}`
  if (line.length <= 120 || typeof value !== 'object' || value === null) return line
  const isList = Array.isArray(value)
  const lines = Object.entries(value).map(([key, inner]) =>
    pretty(inner, `${indent}  `, isList ? '' : `${JSON.stringify(key)}: `),
  )
  return `${indent}${label}${isList ? '[' : '{'}\n${lines.join(',\n')}\n${indent}${isList ? ']' : '}'}`
}

const eventExample = (name: FormatName): string =>
  `\`\`\`json\n${pretty(JSON.parse(toText(formats[name].write(sampleEvent()))))}\n\`\`\``

const sections: readonly { file: string; name: string; text: string }[] = [
  { file: 'README.md', name: 'locations', text: locationTable() },
  { file: 'README.md', name: 'sources', text: summary() },
  { file: 'README.md', name: 'actions', text: seedActionTable() },
  { file: 'docs/actions.md', name: 'actions', text: actionTable() },
  { file: 'docs/sources/cloudevents.md', name: 'targets', text: targetTable() },
  { file: 'docs/http.md', name: 'errors', text: errorTable() },
  { file: 'docs/queues.md', name: 'queues', text: queueTable() },
  { file: 'docs/archive.md', name: 'columns', text: columnTable() },
  { file: 'docs/cli.md', name: 'commands', text: commandTable() },
  { file: 'docs/cli.md', name: 'filters', text: filterTable() },
  { file: 'docs/cli.md', name: 'samples', text: sampleTable() },
  { file: 'docs/cli.md', name: 'exits', text: exitTable() },
  { file: 'docs/verify.md', name: 'findings', text: findingTable() },
  { file: 'docs/operations.md', name: 'alarms', text: alarmTable() },
  { file: 'docs/sources.md', name: 'overview', text: overview() },
  { file: 'docs/sources.md', name: 'fields', text: fields() },
  { file: 'docs/sources.md', name: 'events', text: allEvents() },
  ...pages,
  ...formatNames.map((name) => ({ file: 'docs/events.md', name, text: eventExample(name) })),
]

const read = (file: string): string => {
  try {
    return readFileSync(resolve(root, file), 'utf8')
  } catch {
    return ''
  }
}

function withSection(text: string, file: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}: generated by npm run docs -->`, `<!-- /${name} -->`]
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${file} has no place for ${name}: add the lines\n${begin}\n${end}`)
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`
}

function wanted(): Map<string, string> {
  const files = new Map<string, string>([['docs/schemas/activity.json', activitySchema()]])
  for (const name of formatNames) files.set(`docs/schemas/event.${name}.json`, eventSchema(name))
  for (const { file, name, text } of sections) {
    files.set(file, withSection(files.get(file) ?? read(file), file, name, text))
  }
  return files
}

const stale = [...wanted()].filter(([file, text]) => read(file) !== text)
if (process.argv.includes('--check')) {
  for (const [file] of stale) process.stderr.write(`${file} is stale: run npm run docs\n`)
  process.exitCode = stale.length > 0 ? 1 : 0
} else {
  for (const [file, text] of stale) {
    writeFileSync(resolve(root, file), text)
    process.stdout.write(`wrote ${file}\n`)
  }
}
