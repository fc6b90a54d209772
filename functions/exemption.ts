import { family } from '../lib/family.ts'
import { http } from '../lib/runtimes/lambda.ts'

/** Vulnerability Advisor exemptions: the kind of the issue and the issue. */
export const exemption = family('exemption', {
  target: { is: 'issueId', needs: ['issueType', 'issueId'] },
})

export const handler = http([exemption])
