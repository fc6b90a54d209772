import type { RegistryConfig } from './lib/registries.ts'

// The registries whose webhooks are taken. This list is for trying things out: one registry for each kind of source, and one
// Distribution registry for each region of the 2020 edition. Replace it with your own; the file is checked at every start.
//
// Secrets never stand here: SECRET_<ID> in the environment on one machine, registry-events/<stage>/<id> in Secrets Manager on AWS.

const account = 'local'

const registries: readonly RegistryConfig[] = [
  { id: 'distribution', source: 'distribution', domain: 'de.icr.io', region: 'eu-central', account },
  { id: 'cloudevents', source: 'cloudevents', domain: 'de.icr.io', region: 'eu-central', account },
  { id: 'acr', source: 'acr', domain: 'de.icr.io', region: 'eu-central', account },
  { id: 'alibaba', source: 'alibaba', domain: 'de.icr.io', region: 'eu-central', account },
  { id: 'artifactory', source: 'artifactory', domain: 'de.icr.io', region: 'eu-central', account },
  { id: 'artifactregistry', source: 'artifactregistry', domain: 'de.icr.io', region: 'eu-central', account },
  { id: 'cdevents', source: 'cdevents', domain: 'de.icr.io', region: 'eu-central', account },
  { id: 'dockerhub', source: 'dockerhub', domain: 'docker.io', region: 'eu-central', account },
  { id: 'ecr', source: 'ecr', domain: 'de.icr.io', region: 'eu-central', account },
  { id: 'gitea', source: 'gitea', domain: 'de.icr.io', region: 'eu-central', account },
  { id: 'github', source: 'github', domain: 'ghcr.io', region: 'eu-central', account },
  { id: 'gitlab', source: 'gitlab', domain: 'de.icr.io', region: 'eu-central', account },
  { id: 'harbor', source: 'harbor', domain: 'de.icr.io', region: 'eu-central', account },
  { id: 'nexus', source: 'nexus', domain: 'de.icr.io', region: 'eu-central', account },
  { id: 'quay', source: 'quay', domain: 'de.icr.io', region: 'eu-central', account },
  { id: 'zot', source: 'zot', domain: 'de.icr.io', region: 'eu-central', account },

  { id: 'distribution-us-south', source: 'distribution', domain: 'us.icr.io', region: 'us-south', account },
  { id: 'distribution-eu-central', source: 'distribution', domain: 'de.icr.io', region: 'eu-central', account },
  { id: 'distribution-uk-south', source: 'distribution', domain: 'uk.icr.io', region: 'uk-south', account },
  { id: 'distribution-ap-south', source: 'distribution', domain: 'au.icr.io', region: 'ap-south', account },
  { id: 'distribution-ap-north', source: 'distribution', domain: 'jp.icr.io', region: 'ap-north', account },
  { id: 'distribution-global', source: 'distribution', domain: 'icr.io', region: 'global', account },
]

export { registries }
