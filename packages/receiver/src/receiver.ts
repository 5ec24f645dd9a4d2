import type { Credentials } from './auth.ts'
import { parseJson, readBytes } from './body.ts'
import { dispatch } from './dispatch.ts'
import { fail, ReceiverError } from './errors.ts'
import { readEvents } from './events.ts'
import type {
  AnySchema,
  Flush,
  FlushEvent,
  HandleOptions,
  HeadersLike,
  Receiver,
  ReceiverOptions,
  RequestLike,
  Verified,
} from './types.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** Ids that are remembered; the oldest is forgotten. */
const MAX_SEEN = 5000

/** Receives flush requests. Throws a ReceiverError if nobody could ever be told from a stranger. */
export function createReceiver<Schema = AnySchema>(given: ReceiverOptions<NoInfer<Schema>>): Receiver<Schema> {
  const { auth, onError = (error) => console.error(error), seen = new Set<string>() } = given
  const { maxBytes = 1_048_576, now = Date.now } = given
  if (!auth?.length) fail(500, 'NOT_CONFIGURED', 'no secret')

  /** Any one suffices. If none does, the last reason that is more than absence is told. */
  async function identify(
    header: Verified['header'],
    rawBody: Credentials['rawBody'],
    context?: HandleOptions,
  ): Promise<Verified> {
    let refusal: unknown
    for (const check of auth) {
      try {
        return { keyIndex: await check({ ...context, header, rawBody, now }), id: header('webhook-id'), header }
      } catch (error) {
        refusal = ((error as ReceiverError).code === 'CREDENTIALS_MISSING' && refusal) || error
      }
    }
    throw refusal
  }

  async function parse(request: RequestLike, options: HandleOptions = {}): Promise<Flush<Schema>> {
    if (request.method !== 'POST') fail(405, 'METHOD_NOT_ALLOWED')
    const header = readerOf(request.headers)
    if (!/^application\/json\b/i.test(header('content-type'))) fail(415, 'CONTENT_TYPE_UNSUPPORTED')

    let reading: Promise<Bytes> | undefined
    const rawBody = (): Promise<Bytes> => (reading ??= readBytes(request, options, maxBytes))
    const verified = await identify(header, rawBody, options)
    // What was signed is what is parsed: where there is a parsed body, there are no bytes to verify.
    const all = readEvents(options.body ?? parseJson(await rawBody()), now())
    const events = all.filter(({ event }) => /^(create|update|delete)$/.test(event))
    return { ...verified, events: events as FlushEvent<Schema>[], received: all.length }
  }

  async function handle(request: RequestLike, options: HandleOptions = {}): Promise<Response> {
    try {
      const { events, received, ...verified } = await parse(request, options)
      const { id } = verified
      if (seen && id && seen.has(id)) return Response.json({ received, handled: 0, ignored: 0, duplicate: received })

      const { handled, failed } = await dispatch(given as ReceiverOptions, events, { ...options, ...verified }, report)
      if (failed.length > 0) return refuse(new ReceiverError(500, 'HANDLER_FAILED'), failed)
      if (seen && id) {
        seen.add(id)
        if (seen.size > MAX_SEEN) seen.delete(seen.values().next().value as string)
      }
      return Response.json({ received, handled, ignored: received - handled, duplicate: 0 })
    } catch (error) {
      const refusal = error instanceof ReceiverError ? error : new ReceiverError(500, 'HANDLER_FAILED')
      if (refusal.status >= 500) report(error)
      return refuse(refusal)
    }
  }

  function report(error: unknown, event?: FlushEvent): void {
    // Whatever it throws or rejects with has nobody left to hear of it.
    void (async () => onError(error, event as FlushEvent<Schema>))().catch(() => {})
  }

  return {
    fetch: (request) => handle(request),
    handle,
    parse,
    verify: (rawBody, headers, context) =>
      identify(readerOf(headers), () => readBytes({} as RequestLike, { rawBody }, maxBytes), context),
  }
}

function refuse({ status, code, message }: ReceiverError, failed?: number[]): Response {
  const headers = { allow: 'POST', 'www-authenticate': 'Unstale' }
  return Response.json({ code, message, failed }, { status, headers })
}

function readerOf(headers: HeadersLike): Verified['header'] {
  const all = new Headers(headers as Headers)
  return (name) => all.get(name) ?? ''
}
