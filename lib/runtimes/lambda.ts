import { app } from '../app.ts'
import { circuits } from '../circuit.ts'
import { formats } from '../formats/index.ts'
import { type Asked, answer } from '../http.ts'
import { routeMessages } from '../router.ts'
import type { FamilyRules } from '../target.ts'
import { answering, consumer, toIntakeMessage, toRequest } from './middy.ts'

// The functions of the way to the locations, as AWS Lambda runs them.

/** The Lambda handler of an HTTP function that serves `families`, and what `asked` knows. Answers every request; never throws. */
export function http(families: readonly FamilyRules[], asked?: Asked) {
  return answering(async (event, entry) => {
    const used = app()
    return answer(toRequest(event, used.receiver.bodyLimit), families, used, entry, asked)
  })
}

/** The Lambda handler of the router. A failing record never costs others. */
export function router() {
  const circuit = circuits()
  return consumer('route', async (records, entry) => {
    const { stage, queues, eventFormat, outputs, receiver } = app()
    const { intake } = receiver
    const parts = { stage, queues, intake, format: formats[eventFormat], outputs, circuit, random: Math.random }
    return routeMessages(records.map(toIntakeMessage), parts, entry)
  })
}
