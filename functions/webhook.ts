import { http } from '../lib/runtimes/lambda.ts'
import { tables } from '../lib/tables.ts'
import { auth } from './auth.ts'
import { exemption } from './exemption.ts'
import { image } from './image.ts'
import { manifest } from './manifest.ts'
import { namespace } from './namespace.ts'
import { plan } from './plan.ts'
import { quota } from './quota.ts'
import { registrytoken } from './registrytoken.ts'
import { retention } from './retention.ts'
import { settings } from './settings.ts'
import { signature } from './signature.ts'
import { trash } from './trash.ts'
import { vulnerability } from './vulnerability.ts'

/** Every family, for the one URL of a registry; the tables and everything else that is asked over HTTP too. */
// biome-ignore format: one line
export const families = [auth, exemption, image, manifest, namespace, plan, quota, registrytoken, retention, settings, signature, trash, vulnerability]

export const handler = http(families, tables)
