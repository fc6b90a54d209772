import { sender as alibaba, eventBridge as alibabaEventBridge } from './alibaba.ts'
import { sender as cloudevents } from './cloudevents.ts'
import { sender as distribution } from './distribution.ts'
import { sender as dockerhub } from './dockerhub.ts'
import { sender as harbor } from './harbor.ts'
import { sender as quay, actionLog as quayActionLog } from './quay.ts'
import type { Sender } from './sender.ts'

/** One or more of every source. */
export const senders: readonly Sender[] = [
  alibaba,
  alibabaEventBridge,
  cloudevents,
  distribution,
  dockerhub,
  harbor,
  quay,
  quayActionLog,
]
