import * as acr from './acr.ts'
import * as alibaba from './alibaba.ts'
import * as artifactory from './artifactory.ts'
import * as artifactregistry from './artifactregistry.ts'
import * as cdevents from './cdevents.ts'
import * as cloudevents from './cloudevents.ts'
import * as distribution from './distribution.ts'
import * as dockerhub from './dockerhub.ts'
import * as ecr from './ecr.ts'
import * as gitea from './gitea.ts'
import * as github from './github.ts'
import * as gitlab from './gitlab.ts'
import * as harbor from './harbor.ts'
import * as nexus from './nexus.ts'
import * as quay from './quay.ts'
import type { Scheme } from './signature.ts'
import type { About, Source } from './source.ts'
import * as zot from './zot.ts'

const table = {
  acr: acr.acr,
  alibaba: alibaba.alibaba,
  artifactory: artifactory.artifactory,
  artifactregistry: artifactregistry.artifactregistry,
  cdevents: cdevents.cdevents,
  cloudevents: cloudevents.cloudevents,
  distribution: distribution.distribution,
  dockerhub: dockerhub.dockerhub,
  ecr: ecr.ecr,
  gitea: gitea.gitea,
  github: github.github,
  gitlab: gitlab.gitlab,
  harbor: harbor.harbor,
  nexus: nexus.nexus,
  quay: quay.quay,
  zot: zot.zot,
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
  acr: acr.about,
  alibaba: alibaba.about,
  artifactory: artifactory.about,
  artifactregistry: artifactregistry.about,
  cdevents: cdevents.about,
  cloudevents: cloudevents.about,
  distribution: distribution.about,
  dockerhub: dockerhub.about,
  ecr: ecr.about,
  gitea: gitea.about,
  github: github.about,
  gitlab: gitlab.about,
  harbor: harbor.about,
  nexus: nexus.about,
  quay: quay.about,
  zot: zot.about,
}
