/** An app on Prisma, as a user writes it: compiled and generated in a project of its own. */
import { PrismaPg } from '@prisma/adapter-pg'
import { type AnnounceOptions, announceModels, prismaExecutor, prismaTransaction } from '@unstale/adapter-nest/prisma'
import { createPipeline, createTables, type SqlExecutor, type Store, sqlStore, type TargetInput } from '@unstale/core'
import { type ContractRunner, scriptedTransport, storeContract } from '@unstale/core/testing'
import { PrismaClient } from './generated/client.ts'

export { prismaExecutor, prismaTransaction }

export interface Heard {
  collection: string
  event: string
  fields: Record<string, unknown>
  previous?: Record<string, unknown>
}

const dialect = 'postgres'

/** What the log of Prisma's queries is kept for. */
const log = [{ emit: 'event', level: 'query' }] as const

export function connect(connectionString: string) {
  const statements: string[] = []
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString }), log: [...log] })
  prisma.$on('query', ({ query }) => statements.push(query))
  return { prisma, statements }
}

export const everything: TargetInput['rules'] = [
  { collection: '*', payload: ['*'], previous: ['slug', 'title', 'status', 'name', 'weight'] },
]

export async function open(url: string, options: Partial<AnnounceOptions> = {}, rules: TargetInput['rules'] = everything) {
  const { prisma: plain, statements } = connect(url)
  const executor = prismaExecutor(plain)
  await createTables({ executor, dialect })
  const transport = scriptedTransport()
  const pipeline = createPipeline({
    store: sqlStore({ executor, dialect }),
    transport,
    targets: [{ url: 'https://site.test/flush', window: { quiet: 1, max: 1 }, rules: rules ?? [] }],
  })
  // Targets are loaded.
  await pipeline.tick()
  const extension = announceModels(pipeline, { models: { Post: {}, User: {}, PostTag: { key: ['postId', 'tag'] } }, ...options })
  const prisma = plain.$extends(extension)
  let read = 0
  return {
    plain,
    prisma,
    extension,
    pipeline,
    statements,
    /** What was sent since the last time. */
    async heard(): Promise<Heard[]> {
      for (let due: number | null = 0; due !== null; ) due = (await pipeline.tick()).nextDueAt
      const bodies = (transport.bodies as Heard[][]).slice(read)
      read += bodies.length
      return bodies.flat()
    },
    /** What others may do to it, as its types have it. */
    async typed() {
      const post = await prisma.post.update({ where: { id: 1 }, data: { slug: 'x' }, select: { slug: true } })
      const slug: string = post.slug
      // @ts-expect-error it was not selected
      post.title
      // @ts-expect-error no such field
      await prisma.post.create({ data: { slug, heading: 'x' } })
      await prisma.$transaction(async (tx) => {
        const tag = await tx.postTag.create({ data: { postId: 1, tag: 'a' } })
        await pipeline.publish({ collection: 'PostTag', event: 'create', key: tag.tag }, { transaction: prismaTransaction(tx) })
      })
      const counted: [number, { id: number }] = await prisma.$transaction([
        prisma.post.count(),
        prisma.post.update({ where: { id: 1 }, data: {} }),
      ])
      const author: { name: string } | null = await prisma.post.update({ where: { id: 1 }, data: {} }).author()
      return { counted, author }
    },
    async close() {
      await pipeline.stop()
      await plain.$disconnect()
    },
  }
}

/** The contract of a store, on Prisma's connections. */
export function contract(url: string, runner: ContractRunner): void {
  const prefixes: string[] = []
  const create = async () => {
    const prefix = `c${process.pid}_${prefixes.length}_`
    prefixes.push(prefix)
    const open: (() => Promise<void>)[] = []
    const storeOn = (guard: (executor: SqlExecutor) => SqlExecutor = (executor) => executor) => {
      const { prisma } = connect(url)
      const store = sqlStore({ executor: guard(prismaExecutor(prisma)), dialect, prefix })
      open.push(async () => {
        await store.close()
        await prisma.$disconnect()
      })
      return { prisma, store }
    }
    let left = Number.POSITIVE_INFINITY
    const breakable = (executor: SqlExecutor): SqlExecutor => ({
      async run(sql, bindings) {
        if (/^(INSERT|DELETE|UPDATE (?!.*1 = 0))/.test(sql) && --left === 0) throw new Error('the write was broken')
        return executor.run(sql, bindings)
      },
      transaction: (work, options) => executor.transaction((tx) => work(breakable(tx)), options),
    })
    const { prisma, store } = storeOn(breakable)
    await createTables({ executor: prismaExecutor(prisma), dialect, prefix })
    return {
      store,
      another: async (): Promise<Store> => storeOn().store,
      async reopen(): Promise<Store> {
        for (const close of open.splice(0)) await close()
        return storeOn().store
      },
      async breaking(write: number, act: () => Promise<void>) {
        left = write
        await act()
        left = Number.POSITIVE_INFINITY
      },
      transaction: (work: (transaction: ReturnType<typeof prismaTransaction>) => Promise<void>) =>
        prisma.$transaction((tx) => work(prismaTransaction(tx))).then(() => {}),
      async dispose() {
        for (const close of open.splice(0)) await close()
      },
    }
  }
  storeContract('prisma on postgres', create, runner, { seeds: 2 })
}
