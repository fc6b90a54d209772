import type { Credentials } from '../lib/aws.ts'
import { CommandError } from './exits.ts'

// Credentials as the AWS CLI finds them: environment, profiles, SSO, and what else the provider of the AWS SDK knows. It takes a while to
// load, so only who talks to AWS does.

/** Credentials, and the account that they are of where that is known. */
export type AwsCredentials = Credentials & { accountId?: string }

const HELP = 'Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws sso login`.'

/** Gives credentials, fresh ones when those from before are about to expire. Rejects with a `CommandError` when there are none. */
export function awsCredentials(): () => Promise<AwsCredentials> {
  let provider: (() => Promise<AwsCredentials>) | undefined
  return async () => {
    try {
      if (!provider) {
        const { defaultProvider } = await import('@aws-sdk/credential-provider-node')
        provider = defaultProvider()
      }
      const { accessKeyId, secretAccessKey, sessionToken, accountId } = await provider()
      return {
        accessKeyId,
        secretAccessKey,
        ...(sessionToken ? { sessionToken } : {}),
        ...(accountId ? { accountId } : {}),
      }
    } catch (cause) {
      throw new CommandError('unreachable', `There are no AWS credentials: ${(cause as Error).message}\n${HELP}`, {
        cause,
      })
    }
  }
}
