import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ChangeInput, type Pipeline, PipelineError, type Problem } from '@unstale/core'
import { type Answer, drop, LISTED, refusal, send } from './answer.ts'
import type { Authorize } from './authorize.ts'
import { bodyReader } from './body.ts'
import { checkPipeline } from './request-changes.ts'
import { unknownProperties } from './strict.ts'

export interface IngestOptions<Request extends IncomingMessage = IncomingMessage> {
  /** Who may publish: `bearer(token)`, or a function of your own. Called for every POST, before its body is read. There is no default. */
  authorize: Authorize<Request>
  /**
   * The most bytes of a body, counted after they are decompressed. Default 5 MiB. Where `express.json()` comes before, its
   * own `limit` counts, and this one does not.
   */
  maxBytes?: number
  /** The most changes of one request. Default 10,000. */
  maxChanges?: number
  /**
   * Told of what is answered with 500 or 503: what `authorize` threw, what `publish` rejected with. Default: its message goes to
   * `console.error`. The sender never gets to see it.
   */
  onError?: (error: unknown) => void
}

/** `next` is never called: every request is answered. */
export type IngestHandler<Request extends IncomingMessage = IncomingMessage> = (
  request: Request,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => Promise<void>

/** Seconds after which a sender may try again. */
const RETRY_AFTER = '5'

/**
 * A route that takes changes over HTTP, from services that are not written in JavaScript:
 *
 *     app.post('/changes', ingest(pipeline, { authorize: bearer(process.env.INGEST_TOKEN) }))     // Express 4 and 5
 *     app.use('/changes', ingest(app.get(PIPELINE), { … }))                                       // Nest on Express, Connect
 *     http.createServer(ingest(pipeline, { … }))
 *
 * It takes a POST of one change or an array of them as `application/json`, checks all of it, and answers 202
 * `{ "accepted": n }` once all are durable; else an RFC 9457 problem, and none was accepted: 405, 401 or 403, 415 (not JSON
 * in UTF-8), 413 (too many bytes, or changes), 400 (`errors` says what is wrong where), 503 with `Retry-After` (the store or
 * the targets cannot be reached, or the pipeline was stopped), 500 (`authorize` threw). It answers whatever is below its
 * path, never calls `next` and never rejects.
 *
 * A sender that gets a 503 or no answer sends the same again. What had arrived all the same arrives twice: that does no
 * harm, since a change says that an item may have changed, and what is pending of one item is sent once. Give each change
 * its `timestamp`, so that one sent late is known to be the older.
 *
 * Throws CONFIG_INVALID where an option is missing or wrong.
 */
export function ingest<Request extends IncomingMessage = IncomingMessage>(
  pipeline: Pick<Pipeline, 'publish'>,
  options: IngestOptions<Request>,
): IngestHandler<Request> {
  checkPipeline('ingest', pipeline)
  const { authorize, maxBytes = 5_242_880, maxChanges = 10_000, onError = report } = checked(options)
  const readBody = bodyReader(maxBytes)

  async function answerTo(request: Request, response: ServerResponse): Promise<Answer | null> {
    if (request.method !== 'POST') return refusal(405, 'Changes are sent with POST.', { headers: { allow: 'POST' } })
    const allowed: unknown = await authorize(request)
    if (allowed === 403) return refusal(403, 'Who sent this may not publish changes here.')
    if (allowed !== true) {
      const detail = 'The request lacks credentials that are known here.'
      return refusal(401, detail, { headers: { 'www-authenticate': 'Bearer' } })
    }
    const read = await readBody(request, response)
    return 'refused' in read ? read.refused : publish(read.value)
  }

  async function publish(input: unknown): Promise<Answer> {
    const count = Array.isArray(input) ? input.length : 1
    if (count > maxChanges) {
      return refusal(413, `There are ${count} changes: send them in requests of at most ${maxChanges}.`)
    }
    const unknown = unknownProperties(input)
    if (unknown.length > 0) return invalid(unknown)
    try {
      await pipeline.publish(input as ChangeInput | readonly ChangeInput[])
    } catch (error) {
      // By its name: the app may have loaded the other build of core, whose class is another one.
      const { name, code, problems = [] } = error as Partial<PipelineError>
      if (name !== 'PipelineError') throw error
      if (code === 'CHANGE_INVALID') return invalid(problems)
      tell(error)
      const detail = 'The changes cannot be stored at the moment: send them again.'
      return refusal(503, detail, { headers: { 'retry-after': RETRY_AFTER } })
    }
    return { status: 202, body: { accepted: count } }
  }

  function tell(error: unknown): void {
    try {
      onError(error)
    } catch (own) {
      report(own)
    }
  }

  return async (request, response) => {
    let answer: Answer | null
    try {
      answer = await answerTo(request, response)
    } catch (error) {
      tell(error)
      answer = refusal(500, 'Nothing was accepted: something failed on this side.')
    }
    if (answer !== null) send(response, answer)
    drop(request)
  }
}

function invalid(problems: readonly Problem[]): Answer {
  const count = problems.length
  const these = count > LISTED ? `the first ${LISTED} of ${count} problems are listed` : 'see errors'
  return refusal(400, `No change was accepted, since some of this is not as it has to be: ${these}.`, { errors: problems })
}

function report(error: unknown): void {
  console.error(`unstale: ingest: ${error instanceof Error ? error.message : String(error)}`)
}

function checked<Request extends IncomingMessage>(options: IngestOptions<Request>): IngestOptions<Request> {
  const { authorize, maxBytes, maxChanges, onError } = (options ?? {}) as Partial<IngestOptions<Request>>
  const problems: string[] = []
  if (typeof authorize !== 'function') {
    problems.push('authorize has to be a function that says who may publish: bearer(token), or (request) => boolean | 401 | 403')
  }
  for (const [name, value] of Object.entries({ maxBytes, maxChanges })) {
    if (value === undefined || (Number.isInteger(value) && value > 0)) continue
    problems.push(`${name} has to be a whole number above 0, not ${typeof value === 'number' ? value : `a ${typeof value}`}`)
  }
  if (onError !== undefined && typeof onError !== 'function')
    problems.push(`onError has to be a function, not a ${typeof onError}`)
  if (problems.length > 0) throw new PipelineError('CONFIG_INVALID', `ingest: ${problems.join('; ')}`)
  return options
}
