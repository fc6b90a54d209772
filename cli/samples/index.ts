import type { SourceName } from '../../lib/sources/index.ts'
import { acr } from './acr.ts'
import { alibaba } from './alibaba.ts'
import { artifactory } from './artifactory.ts'
import { artifactregistry } from './artifactregistry.ts'
import { cdevents } from './cdevents.ts'
import { cloudevents } from './cloudevents.ts'
import { distribution } from './distribution.ts'
import { dockerhub } from './dockerhub.ts'
import { ecr } from './ecr.ts'
import { gitea } from './gitea.ts'
import { github } from './github.ts'
import { gitlab } from './gitlab.ts'
import { harbor } from './harbor.ts'
import { nexus } from './nexus.ts'
import { quay } from './quay.ts'
import type { Sample } from './sample.ts'
import { zot } from './zot.ts'

/** What every kind of sender sends. */
export const samples: Readonly<Record<SourceName, Sample>> = {
  acr,
  alibaba,
  artifactory,
  artifactregistry,
  cdevents,
  cloudevents,
  distribution,
  dockerhub,
  ecr,
  gitea,
  github,
  gitlab,
  harbor,
  nexus,
  quay,
  zot,
}

export const sourceNames = Object.keys(samples) as SourceName[]
