import { PipelineError, type SqlExecutor, type SqlResult, type SqlTransaction, type SqlValue, toNumbered } from '@unstale/core'
import { type PrismaClientLike, type PrismaTransactionClient, type Provider, providerOf, readCommitted } from './types.ts'

/** Milliseconds to wait for a connection, and for all of one transaction of the store. */
const WAITS = { maxWait: 5_000, timeout: 10_000 }

/**
 * The executor that `sqlStore` and `createTables` want, on the connections of the app's own client: no second pool.
 *
 *     const executor = prismaExecutor(prisma)
 *     await createTables({ executor, dialect: 'postgres' })
 *     const store = sqlStore({ executor, dialect: 'postgres' })
 *
 * For Prisma 7 on Postgres, MySQL, MariaDB and SQLite. Give it the client as it was constructed: what extends a client may
 * see the store's statements. Transactions run at READ COMMITTED, wait at most 5 seconds for a connection, and take at most
 * 10. A connection that does not answer is given up by whoever owns it: give the driver adapter time-outs of its own
 * (`query_timeout: 10_000` for pg). Throws CONFIG_INVALID for what is no client.
 */
export function prismaExecutor(prisma: PrismaClientLike): SqlExecutor {
  if (typeof prisma?.$transaction !== 'function' || typeof prisma.$executeRawUnsafe !== 'function') {
    throw new PipelineError('CONFIG_INVALID', 'prismaExecutor: has to be given a PrismaClient')
  }
  const options = { ...WAITS, ...readCommitted(providerOf(prisma)) }
  return {
    run: runOn(prisma),
    async transaction(fn) {
      try {
        return await prisma.$transaction((tx) => fn(within(tx)), options)
      } catch (error) {
        throw withCode(error)
      }
    },
  }
}

/**
 * The client of an interactive transaction as `publish` takes it:
 *
 *     await prisma.$transaction(async (tx) => {
 *       await tx.post.update({ where: { id }, data })
 *       await pipeline.publish({ collection: 'posts', event: 'update', key: id }, { transaction: prismaTransaction(tx) })
 *     })
 *
 * Throws TRANSACTION_UNSUPPORTED where it is given the client itself, whose statements are part of no transaction; and so
 * does `publish` once the transaction is over.
 */
export function prismaTransaction(tx: PrismaTransactionClient): Extract<SqlTransaction, { run: unknown }> {
  if (typeof tx?.$executeRawUnsafe !== 'function') {
    const message = 'transaction: has to be the client that Prisma gives in $transaction(async (tx) => …)'
    throw new PipelineError('TRANSACTION_UNSUPPORTED', message)
  }
  // What is bound to a transaction cannot be extended.
  if (typeof (tx as { $extends?: unknown }).$extends === 'function') {
    const message = 'transaction: is the PrismaClient itself; pass the client that $transaction(async (tx) => …) gives'
    throw new PipelineError('TRANSACTION_UNSUPPORTED', message)
  }
  const run = runOn(tx)
  return {
    async run(sql, bindings) {
      try {
        return await run(sql, bindings)
      } catch (error) {
        if ((error as { code?: unknown }).code !== OVER) throw error
        const over = 'transaction: is over, or has taken longer than its timeout; publish before it commits, or without it'
        throw new PipelineError('TRANSACTION_UNSUPPORTED', over, { cause: error })
      }
    },
  }
}

function within(tx: PrismaTransactionClient): SqlExecutor {
  const inside: SqlExecutor = { run: runOn(tx), transaction: (step) => step(inside) }
  return inside
}

/** Runs statements on a client; rejects with the database's own code. */
export function runOn(client: PrismaTransactionClient, provider: Provider = providerOf(client)): SqlExecutor['run'] {
  const textOf = provider === 'mysql' || provider === 'sqlite' ? (sql: string) => sql : toNumbered
  return async (sql: string, bindings: readonly SqlValue[]): Promise<SqlResult> => {
    const text = textOf(sql)
    try {
      if (!sql.startsWith('SELECT')) return { rows: [], changes: await client.$executeRawUnsafe(text, ...bindings) }
      return { rows: (await client.$queryRawUnsafe(text, ...bindings)) as SqlResult['rows'], changes: 0 }
    } catch (error) {
      throw withCode(error)
    }
  }
}

/** What Prisma says of a transaction that has ended, one way or another, and of one that cannot begin. */
const OVER = 'P2028'

/** Where the database gave no code of its own, or SQLite the one that it has for everything. */
const KINDS: Readonly<Record<string, string>> = {
  ColumnNotFound: 'ER_BAD_FIELD_ERROR',
  ConnectionClosed: 'ECONNRESET',
  DatabaseNotReachable: 'ECONNREFUSED',
  SocketTimeout: 'NO_ANSWER',
  TableDoesNotExist: 'ER_NO_SUCH_TABLE',
  TransactionWriteConflict: '40001',
}

/** Numbers of MySQL and MariaDB, which the store knows by name. */
const NUMBERS: Readonly<Record<string, string>> = {
  1020: 'ER_CHECKREAD',
  1050: 'ER_TABLE_EXISTS_ERROR',
  1054: 'ER_BAD_FIELD_ERROR',
  1060: 'ER_DUP_FIELDNAME',
  1061: 'ER_DUP_KEYNAME',
  1091: 'ER_CANT_DROP_FIELD_OR_KEY',
  1146: 'ER_NO_SUCH_TABLE',
  1205: 'ER_LOCK_WAIT_TIMEOUT',
  1213: 'ER_LOCK_DEADLOCK',
}

interface PrismaError {
  name?: string
  code?: string
  meta?: { driverAdapterError?: { cause?: { originalCode?: string; kind?: string } } }
}

/** By its database's code the store tells a deadlock, which is tried again, from what is not. Prisma's own messages hold statements. */
function withCode(error: unknown): unknown {
  const { name, code, meta } = (error ?? {}) as PrismaError
  if (!name?.startsWith('PrismaClient')) return error
  const { originalCode, kind } = meta?.driverAdapterError?.cause ?? {}
  const own = originalCode === 'SQLITE_ERROR' ? undefined : (NUMBERS[originalCode ?? ''] ?? originalCode)
  // A commit that met another transaction.
  const said = code === 'P2034' ? '40001' : code
  return Object.assign(new Error('Prisma could not run a statement', { cause: error }), {
    code: own ?? KINDS[kind ?? ''] ?? said,
  })
}
