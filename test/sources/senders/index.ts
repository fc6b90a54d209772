import { sender as acr } from './acr.ts'
import * as alibaba from './alibaba.ts'
import { sender as artifactory } from './artifactory.ts'
import { sender as artifactregistry } from './artifactregistry.ts'
import { sender as cdevents } from './cdevents.ts'
import { sender as cloudevents } from './cloudevents.ts'
import * as distribution from './distribution.ts'
import { sender as dockerhub } from './dockerhub.ts'
import { sender as ecr } from './ecr.ts'
import { sender as gitea } from './gitea.ts'
import { sender as github } from './github.ts'
import { sender as gitlab } from './gitlab.ts'
import { sender as harbor } from './harbor.ts'
import { sender as nexus } from './nexus.ts'
import * as quay from './quay.ts'
import type { Sender } from './sender.ts'
import * as zot from './zot.ts'

/** One or more of every source. */
export const senders: readonly Sender[] = [
  acr,
  alibaba.sender,
  alibaba.eventBridge,
  artifactory,
  artifactregistry,
  cdevents,
  cloudevents,
  distribution.single,
  distribution.several,
  dockerhub,
  ecr,
  gitea,
  github,
  gitlab,
  harbor,
  nexus,
  quay.sender,
  quay.actionLog,
  zot.binary,
  zot.structured,
]
