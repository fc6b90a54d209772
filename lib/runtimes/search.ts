import { searchApp } from '../search/app.ts'
import { answerSearch, answerSearchError } from '../search/http.ts'
import { answering, toRequest } from './middy.ts'

/** A request for events has no body that anybody reads. */
const BODY_LIMIT = 1024

/** The Lambda handler of the search function, which answers questions about the archives of its AWS region. */
export function search() {
  return answering(
    (event, entry) => answerSearch(toRequest(event, BODY_LIMIT), searchApp(), entry),
    'search',
    answerSearchError,
  )
}
