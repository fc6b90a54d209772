import { archiveMessages } from '../archive/consume.ts'
import { archiveApp } from '../archiveapp.ts'
import { consumer, toIntakeMessage } from './middy.ts'

/** The Lambda handler of the archive function, which consumes the archive queues of locations of its AWS region. A batch is of one of them. */
export function archive() {
  return consumer('archive', async (records, entry) => {
    const { archivingOf } = archiveApp()
    const queue = records[0]?.eventSourceARN.split(':').at(-1) ?? ''
    const messages = records.map((record) => ({
      ...toIntakeMessage(record),
      sentAt: Number(record.attributes.SentTimestamp) || null,
    }))
    return archiveMessages(messages, archivingOf(queue), entry)
  })
}
