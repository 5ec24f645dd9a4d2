import { type Pipeline, PipelineError } from '@unstale/core'
import { type Call, type Client, clientOf, type PrismaPromise, type TransactionOptions, transactionOf } from './client.ts'
import { type Model, type WatchedModel, watchedModels } from './models.ts'
import { EVENTS_OF, OPERATIONS, type Operation } from './operations.ts'
import { readCommitted } from './types.ts'
import { type Transacted, workOn } from './work.ts'

export interface AnnounceOptions {
  /** Which models: all of them, or some by their names in the schema, or with what is not the default. */
  models: 'all' | readonly string[] | Readonly<Record<string, WatchedModel>>
  /**
   * `asked` (default): the values from before a change are read where a target asked for some; `never`: they are not, which
   * saves up to three statements a write. Targets get no `previous` then, and of what leaves their filters the key alone.
   */
  previous?: 'asked' | 'never'
  /**
   * For writes that are in no transaction yet and get one: milliseconds to wait for a connection (`maxWait`, default 10,000),
   * and for all of it (`timeout`, default 60,000). Prisma gives up with P2028.
   */
  transaction?: { maxWait?: number; timeout?: number }
}

/**
 * An extension of a Prisma client: what its models' `create`, `createMany`, `createManyAndReturn`, `update`, `updateMany`,
 * `updateManyAndReturn`, `upsert`, `delete` and `deleteMany` do is published, in the same transaction.
 *
 *     const prisma = new PrismaClient({ adapter }).$extends(announceModels(pipeline, { models: 'all' }))
 *     await prisma.post.update({ where: { id }, data: { slug } })
 *
 * - The pipeline's store has to be on the same database: `sqlStore({ executor: prismaExecutor(client), dialect })` on the
 *   client as it was constructed. A write whose notice cannot be stored is rejected, and undone.
 * - A write within `$transaction(async (tx) => …)`, a nested one, too, is announced in that. One in no transaction gets one
 *   of its own, at READ COMMITTED; and `$transaction([…])` becomes an interactive one, with the same answers, if a write in it
 *   is announced.
 * - What nobody asked for (`pipeline.interest` is null) costs nothing, and runs as it would without this.
 * - Old values are read once the row is locked (`FOR UPDATE`), so that they are those that the write replaced. `updateMany` and
 *   `deleteMany` read the keys that match, then change and announce these, in portions of 1,000. `createMany` becomes
 *   `createManyAndReturn`; on MySQL, where there is none, each of its rows has to hold its key.
 *   On MySQL, in a transaction of yours at REPEATABLE READ, old values are those of its snapshot: use READ COMMITTED there.
 * - Fields have Prisma's names; a relation is known by its scalar field (`authorId`). `BigInt` is announced as text. Fields
 *   that a `select` leaves out and the notice needs are in the answer, but cannot be enumerated.
 *
 * Not announced, since Prisma does not tell extensions of it: what is written through a relation (`data: { tags: { create } }`),
 * what the database does by itself (`onDelete: Cascade`, triggers), and raw statements. Publish these yourself, with
 * `{ transaction: prismaTransaction(tx) }`. Where another extension wraps a query in a `$transaction([…])` of its own (row-level
 * security does), the write is rejected with TRANSACTION_UNSUPPORTED: it has to use an interactive one.
 *
 * Extend with this last: then it sees writes as other extensions have made them (but not what these do on a client of their
 * own instead, as some that mark rows as deleted). They see each write once, and not what is read around it. Throws
 * CONFIG_INVALID, when the client is extended, for models that are unknown or whose key is not found.
 */
export function announceModels(
  pipeline: Pick<Pipeline, 'publish' | 'interest'>,
  options: AnnounceOptions,
): <Extended extends object>(client: Extended) => Extended {
  const { previous = 'asked', transaction: limits = {}, models } = checked(pipeline, options)
  return <Extended extends object>(extended: Extended): Extended => {
    const client = clientOf(extended)
    const watched = watchedModels(client.models, models, client.provider)
    const waits: TransactionOptions = { maxWait: 10_000, timeout: 60_000, ...limits }
    const owned: TransactionOptions = { ...waits, ...readCommitted(client.provider) }

    /** The model, if anybody asked for what the operation does to it. */
    function wanted(name: string | undefined, operation: string | undefined): Model | undefined {
      const model = watched.get(name ?? '')
      if (model === undefined || !isOperation(operation)) return undefined
      return EVENTS_OF[operation].some((event) => pipeline.interest(model.collection, event) !== null) ? model : undefined
    }

    async function announced(call: Call): Promise<unknown> {
      const { model: name, operation, args, query, __internalParams: params } = call
      const model = wanted(name, operation)
      if (model === undefined || !isOperation(operation)) return query(args)
      const write = (transacted: Transacted) =>
        OPERATIONS[operation](workOn({ client, pipeline, model, previous, call, ...transacted }))
      const { transaction, dataPath = [] } = params
      if (transaction?.kind === 'batch') throw new PipelineError('TRANSACTION_UNSUPPORTED', BATCH)
      return at(await (transaction === undefined ? inOwn(client, owned, write) : write({ transaction })), dataPath)
    }

    /** Calls in an array cannot be read before and after: they are run one by one in an interactive transaction. */
    async function transact(this: object, input: unknown, options?: TransactionOptions): Promise<unknown> {
      const { $transaction } = client
      if (!Array.isArray(input) || !input.every(isCall) || !input.some(({ spec }) => wanted(spec?.model, spec?.action))) {
        return $transaction.call(this, input, options)
      }
      const inOrder = async (tx: object) => {
        const transaction = await transactionOf(tx)
        const answers: unknown[] = []
        for (const call of input) answers.push(await call.requestTransaction(transaction))
        return answers
      }
      return $transaction.call(this, inOrder, { ...waits, ...options })
    }

    const query = Object.fromEntries(Object.keys(EVENTS_OF).map((operation) => [operation, announced]))
    return client.$extends({ name: 'unstale', client: { $transaction: transact }, query: { $allModels: query } }) as Extended
  }
}

const BATCH =
  'a write that is announced runs in a $transaction([…]) that another extension made; it has to use $transaction(async (tx) => …)'

/** In a transaction of its own. The pipeline is told when that has committed. */
async function inOwn(
  { plain }: Client,
  options: TransactionOptions,
  write: (transacted: Transacted) => Promise<unknown>,
): Promise<unknown> {
  let end: (ended: Promise<unknown>) => void = () => {}
  const committed = new Promise<unknown>((resolve) => {
    end = resolve
  })
  // It is rejected with what the caller gets.
  committed.catch(() => {})
  const ended = plain.$transaction(async (tx: object) => write({ transaction: await transactionOf(tx), committed }), options)
  end(ended)
  return ended
}

/** What `prisma.post.update(…).author()` asks for: Prisma looks there for its answer. */
function at(answer: unknown, path: readonly string[]): unknown {
  const names = path.filter((name) => name !== 'select' && name !== 'include')
  return names.reduce((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], answer)
}

function isOperation(name: string | undefined): name is Operation {
  return name !== undefined && Object.hasOwn(EVENTS_OF, name)
}

function isCall(one: unknown): one is PrismaPromise<unknown> {
  return typeof (one as Partial<PrismaPromise<unknown>> | null)?.requestTransaction === 'function'
}

function checked(pipeline: unknown, options: AnnounceOptions): AnnounceOptions {
  const { publish, interest } = (pipeline ?? {}) as Partial<Pipeline>
  if (typeof publish !== 'function' || typeof interest !== 'function') {
    throw new PipelineError(
      'CONFIG_INVALID',
      'announceModels: its first argument has to be a pipeline, as createPipeline() makes it',
    )
  }
  const { previous } = options ?? {}
  if (previous !== undefined && previous !== 'asked' && previous !== 'never') {
    throw new PipelineError('CONFIG_INVALID', "announceModels: previous has to be 'asked' or 'never'")
  }
  return options ?? {}
}
