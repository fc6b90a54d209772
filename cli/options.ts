import { InvalidArgumentError, Option } from 'commander'
import type { Spec } from './command.ts'

const matching =
  (form: RegExp, wanted: string) =>
  (text: string): string => {
    if (!form.test(text)) throw new InvalidArgumentError(`It has to be ${wanted}.`)
    return text
  }

const stage = matching(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,26}[A-Za-z0-9])?$/, '1 to 28 letters, digits and inner dashes')
const region = matching(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'an AWS region, like eu-central-1')

/** Every option of a command, those that many have included. */
export function optionsOf(spec: Spec): Option[] {
  const where = [
    new Option(
      '--stage <name>',
      'local for local emulation, any other is on AWS; STAGE, or local, if left out',
    ).argParser(stage),
    new Option(
      '--region <region>',
      'AWS region of the intake and quarantine queue; on AWS AWS_REGION if left out',
    ).argParser(region),
  ]
  const json = new Option('--json', 'results as JSON, one line each')
  return [...(spec.queueless ? [] : where), ...(spec.textOnly ? [] : [json]), ...spec.options]
}
