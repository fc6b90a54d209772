import type { Option } from 'commander'
import type { Group, Spec } from './command.ts'
import { optionsOf } from './options.ts'
import { Offering } from './query.ts'

// Scripts that complete the command line in a shell: made of the tables of commands and options, so that nothing has to run meanwhile.

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** Every command. */
export interface Tables {
  commands: readonly Spec[]
  groups: Readonly<Record<string, Group>>
}

/** An option as a shell knows it. */
interface Known {
  flags: readonly string[]
  says: string
  /** What its value is; without, it has none. */
  value?: 'any' | 'file' | readonly string[]
}

/** A command as a shell knows it: `search`, `quarantine list`. */
interface Place {
  path: string
  says: string
  options: readonly Known[]
  /** Values of its arguments. */
  choices: readonly string[]
}

function knownOf(option: Option): Known {
  const { short, long, description, required, optional, argChoices, flags } = option
  const offers = option instanceof Offering && option.offers.length > 0 ? option.offers : argChoices
  const value = offers ?? (/<(?:file|folder)>$/.test(flags) ? 'file' : 'any')
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    says: description,
    ...(required || optional ? { value } : {}),
  }
}

const HELP: Known = { flags: ['-h', '--help'], says: 'how it is used' }

const nameOf = ({ usage }: Spec): string => usage.split(' ')[0] ?? ''

const placeOf = (spec: Spec, group?: string): Place => ({
  path: group === undefined ? nameOf(spec) : `${group} ${nameOf(spec)}`,
  says: spec.summary,
  options: [...optionsOf(spec).map(knownOf), HELP],
  choices: Object.values(spec.choices ?? {}).flat(),
})

/** How a shell calls it that has no such command: never one that has that name elsewhere, which is what `--no` is for. */
const NPX = 'npx --no registry-events'
const IN_POSIX = `command -v registry-events >/dev/null || function registry-events { ${NPX} "$@"; }`

const placesOf = ({ commands, groups }: Tables): Place[] => [
  ...commands.map((spec) => placeOf(spec)),
  ...Object.entries(groups).flatMap(([name, group]) => group.commands.map((spec) => placeOf(spec, name))),
]

/** What may stand first, and behind a group. */
function headsOf({ commands, groups }: Tables): { first: [string, string][]; second: [string, [string, string][]][] } {
  const named = (specs: readonly Spec[]) => specs.map((spec): [string, string] => [nameOf(spec), spec.summary])
  return {
    first: [
      ...named(commands),
      ...Object.entries(groups).map(([name, { summary }]): [string, string] => [name, summary]),
    ],
    second: Object.entries(groups).map(([name, group]) => [name, named(group.commands)]),
  }
}

/** `text` as one word of any of the shells. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

const valued = ({ options }: Place, which: 'any' | 'file'): string[] =>
  options.filter(({ value }) => value === which).flatMap(({ flags }) => flags)

function bashPlace(place: Place): string {
  const lists = place.options.flatMap(({ flags, value }) =>
    Array.isArray(value) ? [`      ${flags.join('|')}) offers=${quoted(value.join(' '))} ;;`] : [],
  )
  const any = valued(place, 'any')
  const files = valued(place, 'file')
  const flags = place.options.flatMap((option) => option.flags).join(' ')
  return [
    `    ${quoted(place.path)})`,
    `      case "$previous" in`,
    ...lists,
    ...(any.length > 0 ? [`      ${any.join('|')}) ;;`] : []),
    ...(files.length > 0 ? [`      ${files.join('|')}) COMPREPLY=($(compgen -f -- "$current")) ;;`] : []),
    `      *) offers=${quoted(flags)}; words=${quoted(place.choices.join(' '))} ;;`,
    '      esac ;;',
  ].join('\n')
}

function bash(tables: Tables): string {
  const { first, second } = headsOf(tables)
  const groups = second.map(([name]) => name)
  const heads = second.map(
    ([name, names]) => `    ${quoted(name)}) offers=${quoted(names.map(([one]) => one).join(' '))} ;;`,
  )
  return `# Completion of registry-events for bash. Put the output of \`npx registry-events completion bash\` into a file, and into ~/.bashrc:
#   source <that file>
# Then call \`registry-events\` in the project's folder: \`npx registry-events\` is completed by nobody.
${IN_POSIX}
_registry_events() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} place=\${COMP_WORDS[1]} offers='' words=''
  COMPREPLY=()
  # --option=value comes as three words.
  if [[ $current == = ]]; then current=''
  elif [[ $previous == = ]]; then previous=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  case "$place" in
  ${groups.map(quoted).join('|')}) [[ $COMP_CWORD -gt 2 ]] && place="$place \${COMP_WORDS[2]}" ;;
  esac
  if [[ $COMP_CWORD -eq 1 ]]; then
    offers=${quoted(first.map(([name]) => name).join(' '))}
  else
    case "$place" in
${[...heads, ...placesOf(tables).map(bashPlace)].join('\n')}
    esac
  fi
  [[ -n $words && $current != -* ]] && offers=$words
  [[ -n $offers ]] && COMPREPLY=($(compgen -W "$offers" -- "$current"))
  # A value follows.
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F _registry_events registry-events
`
}

/** `name:description` of zsh. */
const described = (name: string, says: string): string =>
  quoted(`${name.replaceAll(':', '\\:')}:${says.replaceAll(':', '\\:')}`)

function zshPlace(place: Place): string {
  const lists = place.options.flatMap(({ flags, value }) =>
    Array.isArray(value) ? [`      ${flags.join('|')}) compadd -- ${value.map(quoted).join(' ')} ;;`] : [],
  )
  const any = valued(place, 'any')
  const files = valued(place, 'file')
  const options = place.options.flatMap(({ flags, says }) => flags.map((flag) => described(flag, says)))
  const words = place.choices.length > 0 ? ` compadd -- ${place.choices.map(quoted).join(' ')};` : ''
  return [
    `    (${quoted(place.path)})`,
    '      case "$words[CURRENT-1]" in',
    ...lists,
    ...(any.length > 0 ? [`      ${any.join('|')}) ;;`] : []),
    ...(files.length > 0 ? [`      ${files.join('|')}) _files ;;`] : []),
    `      *)${words} offers=(${options.join(' ')}); _describe option offers ;;`,
    '      esac ;;',
  ].join('\n')
}

function zsh(tables: Tables): string {
  const { first, second } = headsOf(tables)
  const list = (names: readonly [string, string][]) => names.map(([name, says]) => described(name, says)).join(' ')
  const heads = second.map(
    ([name, names]) => `    (${quoted(name)}) offers=(${list(names)}); _describe command offers ;;`,
  )
  return `# Completion of registry-events for zsh. Put the output of \`npx registry-events completion zsh\` into a file, and into ~/.zshrc
# behind compinit:
#   source <that file>
# Then call \`registry-events\` in the project's folder: \`npx registry-events\` is completed by nobody.
${IN_POSIX}
_registry_events() {
  local -a offers
  local place="$words[2]"
  case "$place" in
    (${second.map(([name]) => quoted(name)).join('|')}) (( CURRENT > 3 )) && place="$place $words[3]" ;;
  esac
  if (( CURRENT == 2 )); then
    offers=(${list(first)})
    _describe command offers
    return
  fi
  case "$place" in
${[...heads, ...placesOf(tables).map(zshPlace)].join('\n')}
  esac
}
compdef _registry_events registry-events
`
}

function fishOption(path: string, { flags, says, value }: Known): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' ')
  const offers = Array.isArray(value) ? ` -a ${quoted(value.join(' '))}` : ''
  const kind = value === undefined ? '' : value === 'file' ? ' -r' : ` -x${offers}`
  return `complete -c registry-events -n ${quoted(`__registry_events_at ${path}`)} ${names}${kind} -d ${quoted(says)}`
}

function fish(tables: Tables): string {
  const { first, second } = headsOf(tables)
  const command = (path: string, [name, says]: [string, string]) =>
    `complete -c registry-events -n ${quoted(`__registry_events_is ${path}`.trimEnd())} -a ${quoted(name)} -d ${quoted(says)}`
  const places = placesOf(tables).flatMap(({ path, options, choices }) => [
    ...(choices.length > 0
      ? [`complete -c registry-events -n ${quoted(`__registry_events_is ${path}`)} -a ${quoted(choices.join(' '))}`]
      : []),
    ...options.map((option) => fishOption(path, option)),
  ])
  return `# Completion of registry-events for fish. Put the output of \`npx registry-events completion fish\` into
# ~/.config/fish/conf.d/registry-events.fish.
# Then call \`registry-events\` in the project's folder: \`npx registry-events\` is completed by nobody.
type -q registry-events; or function registry-events
    ${NPX} $argv
end
function __registry_events_at
    set -l words (commandline -opc)
    test (count $words) -gt (count $argv); or return 1
    test (count $argv) -eq 0; and return 0
    set -l last (math (count $argv) + 1)
    test "$words[2..$last]" = "$argv"
end
function __registry_events_is
    __registry_events_at $argv; and test (count (commandline -opc)) -eq (math (count $argv) + 1)
end
complete -c registry-events -f
${[
  ...first.map((one) => command('', one)),
  ...second.flatMap(([name, names]) => names.map((one) => command(name, one))),
  ...places,
].join('\n')}
`
}

const scripts: Readonly<Record<Shell, (tables: Tables) => string>> = { bash, zsh, fish }

/** The script that completes the command line in `shell`. */
export const completion = (shell: Shell, tables: Tables): string => scripts[shell](tables)
