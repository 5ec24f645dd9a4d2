/** The public API as a user writes it; compiled, never run. */
import { expectTypeOf } from 'vitest'
import { bearer, createReceiver, type FlushEvent, hmac, type ReceiverErrorCode } from '../src/index.ts'
import { nodeHandler } from '../src/node.ts'

interface Post {
  id: number
  slug: string
  title: string | null
}
interface Page {
  id: string
  path: string
}
interface Schema {
  posts: Post[]
  pages: Page[]
  settings: { theme: string }
}

const receiver = createReceiver<Schema>({
  auth: [hmac(process.env['FLUSH_SECRET']), bearer(['old', 'new'])],
  on: {
    posts(event, context) {
      expectTypeOf(event.collection).toEqualTypeOf<'posts'>()
      expectTypeOf(event.event).toEqualTypeOf<'create' | 'update' | 'delete'>()
      expectTypeOf(event.id).toEqualTypeOf<string | number>()
      expectTypeOf(event.fields.id).toEqualTypeOf<number>()
      expectTypeOf(event.fields.slug).toEqualTypeOf<string | undefined>()
      expectTypeOf(event.fields.title).toEqualTypeOf<string | null | undefined>()
      expectTypeOf(event.previous?.slug).toEqualTypeOf<string | undefined>()
      expectTypeOf(context.keyIndex).toEqualTypeOf<number>()
      // @ts-expect-error no field of a post
      event.fields.path
    },
    settings: async (event) => expectTypeOf(event.fields.theme).toEqualTypeOf<string | undefined>(),
    '*': (event) => expectTypeOf(event.collection).toEqualTypeOf<'posts' | 'pages' | 'settings'>(),
  },
  onBatch(events) {
    for (const event of events) {
      switch (event.collection) {
        case 'posts':
          expectTypeOf(event.fields.slug).toEqualTypeOf<string | undefined>()
          break
        case 'pages':
          expectTypeOf(event.fields.path).toEqualTypeOf<string | undefined>()
          // @ts-expect-error no field of a page
          event.fields.slug
          break
        case 'settings':
          expectTypeOf(event).toEqualTypeOf<FlushEvent<Schema, 'settings'>>()
          break
        default:
          expectTypeOf(event).toEqualTypeOf<never>()
      }
    }
  },
  onError: (_error, event) => expectTypeOf(event).toEqualTypeOf<FlushEvent<Schema> | undefined>(),
})

createReceiver<Schema>({
  auth: [bearer('token')],
  // @ts-expect-error a collection that the schema does not have
  on: { articles: () => {} },
})

// @ts-expect-error a receiver that lets everybody in
createReceiver({ on: {} })

// Without a schema everything goes.
createReceiver({
  auth: [hmac([{ raw: 'secret' }, new Uint8Array(32)], { tolerance: 60 }), bearer(({ env }) => (env as { TOKEN: string }).TOKEN)],
  on: { anything: (event) => event.fields['whatever'].deeper, '*': ({ collection }) => collection.toUpperCase() },
  onBatch: (events) => events.map(({ collection, fields }) => [collection, fields.slug]),
})

// @ts-expect-error a secret is not a number
hmac(5)

// Routes of hosts.
expectTypeOf(receiver.fetch).toEqualTypeOf<(request: Request) => Promise<Response>>()
export const POST: (request: Request, context: { params: Promise<Record<string, string>> }) => Promise<Response> = receiver.fetch
export const worker = {
  fetch: (request: Request, env: object, context: { waitUntil(work: Promise<unknown>): void }): Promise<Response> =>
    receiver.handle(request, { env, waitUntil: (work) => context.waitUntil(work) }),
}
expectTypeOf(nodeHandler(receiver)).toBeFunction()

expectTypeOf((await receiver.parse(new Request('https://a.example'))).events).toEqualTypeOf<FlushEvent<Schema>[]>()
expectTypeOf<'NOT_CONFIGURED'>().toExtend<ReceiverErrorCode>()
