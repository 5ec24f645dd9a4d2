/** What a receiver's users write and read. */
import type { Authenticator } from './auth.ts'

// biome-ignore lint/suspicious/noExplicitAny: the schema of those who have none; every field of every collection may be read.
export type AnySchema = any

/** The collections of a schema: `{ posts: Post[]; settings: Settings }`, `T[]` a collection and `T` a singleton. */
export type CollectionName<Schema> = Extract<keyof Schema, string>

/** One item of a collection. */
export type Row<Schema, Collection extends CollectionName<Schema>> = Schema[Collection] extends readonly (infer Item)[]
  ? Item
  : Schema[Collection]

/**
 * One item that may have changed, told apart by `collection`; the same, whichever of the three bodies it came in. What
 * was sent is not checked against the schema: a field that nobody asked the sender for is not there.
 */
export type FlushEvent<Schema = AnySchema, Collection extends CollectionName<Schema> = CollectionName<Schema>> =
  // Over each collection on its own: a union that `collection` tells apart.
  Collection extends unknown
    ? {
        /** At run time also `'*'`: a body of ids whose sender does not say of which collection they are. */
        collection: Collection
        event: 'create' | 'update' | 'delete'
        /** Primary key; `'*'` stands for every item of the collection. */
        id: string | number
        /** The state after the change, as far as it was sent; for a delete, the last known values. */
        fields: { id: string | number } & Partial<Row<Schema, Collection>>
        /** When it happened, epoch milliseconds; when it was received, where the body does not say. */
        timestamp: number
        /** Old values, where the sender was asked for them: an old slug, an old path. */
        previous?: Partial<Row<Schema, Collection>>
        /** The fields were too large to be sent: only `fields.id` is there. */
        truncated?: true
        /** The body named the id alone: `event` is assumed. */
        inferred?: true
      }
    : never

/** What `verify` and `parse` found out about the sender. */
export interface Verified {
  /** Which of the secrets or tokens matched, from 0: when nobody uses the old one any more, a rotation is finished. */
  keyIndex: number
  /** `webhook-id`: the same on every attempt to deliver one batch; empty if there is none. */
  id: string
  /** A header of the request; empty if there is none. */
  header: (name: string) => string
}

/** What `parse` returns. */
export interface Flush<Schema = AnySchema> extends Verified {
  events: FlushEvent<Schema>[]
  /** Events in the body; those that are none of `create`, `update` and `delete` are left out of `events`. */
  received: number
}

/** What handlers get beside the event. */
export interface FlushContext extends Verified {
  /** What the host passed to `handle`. */
  env?: unknown
  /** Keeps the host awake for work that may end after the response (a warm-up), where the host has such a function. */
  waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

export type Handler<Schema, Collection extends CollectionName<Schema> = CollectionName<Schema>> = (
  event: FlushEvent<Schema, Collection>,
  context: FlushContext,
) => unknown

/** Handlers by collection; `'*'` is called for every event. */
export type Handlers<Schema> =
  string extends CollectionName<Schema>
    ? { readonly [collection: string]: Handler<Schema> }
    : { readonly [Collection in CollectionName<Schema>]?: Handler<Schema, Collection> } & { readonly '*'?: Handler<Schema> }

/**
 * The `webhook-id`s of the last 5,000 requests that were handled. Every process needs a set of its own, as every cache has
 * to be flushed.
 */
export type Seen = Pick<Set<string>, 'has' | 'add' | 'delete' | 'size' | 'values'>

/** `Headers`, or as Node has them. */
export type HeadersLike = Headers | { readonly [name: string]: string | readonly string[] | undefined }

/** As much of a `Request` as is needed. */
export interface RequestLike {
  readonly method: string
  readonly headers: HeadersLike
  /** A stream of bytes, or anything else that can be iterated asynchronously. */
  readonly body?: unknown
  readonly bodyUsed?: boolean | undefined
  arrayBuffer?(): Promise<ArrayBuffer>
}

export interface HandleOptions {
  /** The body's bytes, where the host has read them. */
  rawBody?: Uint8Array | string | undefined
  /** The parsed body, where the host kept no bytes: it will do for a token, never for a signature. */
  body?: unknown
  /** How to keep the bytes in this host: the detail of RAW_BODY_UNAVAILABLE. */
  rawBodyFix?: string | undefined
  /** The host's own, e.g. of a worker's execution context. */
  waitUntil?: ((work: Promise<unknown>) => void) | undefined
  /** Handed to handlers, and to functions that give secrets or tokens. */
  env?: unknown
}

export interface ReceiverOptions<Schema = AnySchema> {
  /** Ways to know the sender; any one suffices. At least one. */
  auth: readonly Authenticator[]
  /** Handlers by collection, `'*'` for every event. They run one after another, and all of them, whatever fails. */
  on?: Handlers<Schema>
  /** Called once per request, after the handlers, with every event. */
  onBatch?: (events: FlushEvent<Schema>[], context: FlushContext) => unknown
  /** Told what was thrown, and whatever else was answered with a 500. Default: console.error. */
  onError?: (error: unknown, event?: FlushEvent<Schema>) => unknown
  /** Remembers handled requests, so that a repeated one is answered at once. Default: a Set of its own. */
  seen?: Seen | false
  /** Bytes of a body at most. Default 1 MiB. */
  maxBytes?: number
  /** Epoch milliseconds. Default: Date.now. */
  now?: () => number
}

/** All are bound: each may be handed on alone. */
export interface Receiver<Schema = AnySchema> {
  /** Verifies, parses, runs the handlers and answers; never rejects. */
  fetch: (request: Request) => Promise<Response>
  /** The same, with what the host knows beside the request. */
  handle: (request: RequestLike, options?: HandleOptions) => Promise<Response>
  /** Verifies and parses, and runs nothing. Rejects with a ReceiverError. */
  parse: (request: RequestLike, options?: HandleOptions) => Promise<Flush<Schema>>
  /** Verifies and parses nothing. Rejects with a ReceiverError. */
  verify: (rawBody: Uint8Array | string, headers: HeadersLike, options?: { env?: unknown }) => Promise<Verified>
}
