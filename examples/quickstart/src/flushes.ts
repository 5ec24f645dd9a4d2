import { createPipeline, createTables, knexStore, memoryStore, type Notifier, type Pipeline, type Store } from '@unstale/core'
import type { Knex } from 'knex'

/**
 * Shared by the content app, which signs, and the front ends, which verify.
 * Your own is `whsec_` and 24 to 64 random bytes in base64, and comes from where you keep secrets.
 */
export const secret: string = process.env.FLUSH_SECRET ?? 'whsec_cXVpY2tzdGFydC1kZW1vLXNlY3JldC0zMi1ieXRlcy4='

/** Which changes each front end asks for; where it listens is said at start. */
const wishes = {
  // Every post, drafts included, and with a rename the slug that it replaced.
  everything: [{ collection: 'posts', payload: ['slug', 'title', 'status', 'revision'], previous: ['slug'] }],
  // What is published, or was until now: it hears of an unpublish as well.
  published: [{ collection: 'posts', payload: ['slug', 'revision'], filter: { status: { _eq: 'published' } } }],
} as const

export type FrontEndKey = keyof typeof wishes
export const frontEndKeys: readonly FrontEndKey[] = Object.keys(wishes) as FrontEndKey[]

export interface Flushes {
  pipeline: Pipeline
  store: Store
  /** Whether a notice can ride in the post's own transaction. */
  transactional: boolean
}

export interface FlushesOptions {
  store: 'sqlite' | 'memory'
  /** Receiver routes of the front ends; one without hears nothing. */
  frontEnds: Partial<Record<FrontEndKey, string>>
  /** Is told of every attempt; without it, Unstale says on the console what people should know. */
  notifier?: Notifier
}

/** Unstale, as the content app uses it: its tables lie beside the posts, in the same database. */
export async function createFlushes(knex: Knex, { frontEnds, notifier, ...options }: FlushesOptions): Promise<Flushes> {
  const transactional = options.store === 'sqlite'
  if (transactional) await createTables({ knex })
  const store = transactional ? knexStore({ knex }) : memoryStore()
  const pipeline = createPipeline({
    store,
    targets: frontEndKeys.flatMap((key) => {
      const url = frontEnds[key]
      return url === undefined ? [] : [{ key, url, secret, rules: wishes[key] }]
    }),
    // Both front ends are on this machine; an address like that has to be allowed.
    network: { allow: ['127.0.0.0/8'] },
    ...(notifier && { notifiers: [notifier] }),
  })
  return { pipeline, store, transactional }
}
