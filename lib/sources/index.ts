import * as alibaba from './alibaba.ts'
import * as cloudevents from './cloudevents.ts'
import * as distribution from './distribution.ts'
import * as dockerhub from './dockerhub.ts'
import * as harbor from './harbor.ts'
import * as quay from './quay.ts'
import type { Scheme } from './signature.ts'
import type { About, Source } from './source.ts'

const table = {
  alibaba: alibaba.alibaba,
  cloudevents: cloudevents.cloudevents,
  distribution: distribution.distribution,
  dockerhub: dockerhub.dockerhub,
  harbor: harbor.harbor,
  quay: quay.quay,
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
  alibaba: alibaba.about,
  cloudevents: cloudevents.about,
  distribution: distribution.about,
  dockerhub: dockerhub.about,
  harbor: harbor.about,
  quay: quay.about,
}
