import * as cloudevents from './cloudevents.ts'
import * as distribution from './distribution.ts'
import * as gitea from './gitea.ts'
import * as github from './github.ts'
import * as gitlab from './gitlab.ts'
import * as harbor from './harbor.ts'
import type { Scheme } from './signature.ts'
import type { About, Source } from './source.ts'

const table = {
  cloudevents: cloudevents.cloudevents,
  distribution: distribution.distribution,
  gitea: gitea.gitea,
  github: github.github,
  gitlab: gitlab.gitlab,
  harbor: harbor.harbor,
}

export type SourceTable = typeof table
export type SourceName = keyof SourceTable

/** Every kind of sender, by the name that `registries.ts` uses. */
export const sources: Readonly<Record<SourceName, Source>> = table

/** Every way in which any sender proves itself, one of each name. */
export const schemes: readonly Scheme[] = [
  ...new Map(
    Object.values(sources).flatMap((source) => source.schemes.map((scheme) => [scheme.name, scheme])),
  ).values(),
]

/** What the docs say of each; no function carries it. */
export const about: Readonly<Record<SourceName, About>> = {
  cloudevents: cloudevents.about,
  distribution: distribution.about,
  gitea: gitea.about,
  github: github.about,
  gitlab: gitlab.about,
  harbor: harbor.about,
}
