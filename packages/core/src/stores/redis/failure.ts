/** What a server's and a client's errors mean for the store. */
import { PipelineError, type PipelineErrorCode } from '../../errors.ts'

/** By what the message holds; a server puts its own code first, a script puts words around it. */
const MEANING: readonly [sign: RegExp, meaning: string, code?: PipelineErrorCode][] = [
  [
    /UNSTALE_VERSION (\S+)/,
    'its keys are of version $1, which this package does not know: update @unstale/core',
    'STORE_TABLES_MISSING',
  ],
  [/\bWRONGTYPE\b/, 'one of its keys holds something else: give it a prefix of its own'],
  [/\bOOM\b/, 'the memory of the server is full (maxmemory)'],
  [/\bREADONLY\b|read only replica/, 'the server is a read-only replica: connect to the primary'],
  [/\bMISCONF\b/, 'the server cannot write to its disk, and so takes no changes'],
  [/\bNOREPLICAS\b/, 'the server has fewer replicas than it must have'],
  [/\bMASTERDOWN\b/, 'the server is a replica whose primary is away'],
  [/\bLOADING\b/, 'the server is still loading its data'],
  [/\bBUSY\b/, 'the server is busy with a script'],
  [/\bCLUSTERDOWN\b/, 'the cluster is down'],
  [/\b(NOAUTH|WRONGPASS)\b/, 'the server asks for another password'],
  [/\bNOPERM\b/, 'the user of the server may not do that'],
  [/Invalid string length/, 'it is too large for one publish: publish in portions', 'STORE_UNSUPPORTED'],
  [/no answer within|Command timed out/, 'it did not answer in time'],
  [/Connection is closed|was ended/, 'the client was closed'],
  [/subscriber mode/, 'the client listens to channels: give the store one of its own'],
  [
    /max retries per request|isn't writeable|ECONN|ETIMEDOUT|EPIPE|ENOTFOUND|EHOST|All sentinels|slots cache/i,
    'it cannot be reached',
  ],
]

/** As STORE_FAILED. Servers may repeat values, so that only the meaning is told; the rest is the cause. */
export function toStoreError(doing: string, error: unknown): PipelineError {
  if (error instanceof PipelineError) return error
  // A client adds what was sent: it is large, and none of a log's business.
  if (typeof error === 'object' && error !== null && 'command' in error) delete error.command
  const said = error instanceof Error ? error.message : String(error)
  for (const [sign, meaning, code = 'STORE_FAILED'] of MEANING) {
    const found = sign.exec(said)
    if (found === null) continue
    const why = meaning.replace('$1', () => found[1] ?? '')
    return new PipelineError(code, `the redis store could not ${doing}: ${why}`, { cause: error })
  }
  return new PipelineError('STORE_FAILED', `the redis store could not ${doing}`, { cause: error })
}

/** Whether every other append would fail now, too. What is wrong with one alone is no error of ours, or its size. */
export function concernsAll(error: unknown): boolean {
  return error instanceof PipelineError && error.code !== 'STORE_UNSUPPORTED'
}

export function tooLarge(most: string, size: string): PipelineError {
  const limit = `the redis store takes at most ${most} in one publish, and this makes ${size}`
  return new PipelineError('STORE_UNSUPPORTED', `${limit}: publish in portions; nothing was stored`)
}

export function isNoScript(error: unknown): boolean {
  return error instanceof Error && /\bNOSCRIPT\b/.test(error.message)
}
