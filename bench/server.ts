import { createHash, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

// A process of its own: the least SQS that any client believes. Takes every batch at once, so that the client is what is measured.

interface Entry {
  Id: string
  MessageBody: string
}

const take = ({ Id, MessageBody }: Entry) => ({
  Id,
  MessageId: randomUUID(),
  MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex'),
})

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const { Entries = [] } = JSON.parse(Buffer.concat(chunks).toString()) as { Entries?: Entry[] }
  const answer = JSON.stringify({ Successful: Entries.map(take), Failed: [] })
  response.writeHead(200, {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(answer),
    'x-amzn-requestid': randomUUID(),
  })
  response.end(answer)
})

server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.once('disconnect', () => process.exit())
