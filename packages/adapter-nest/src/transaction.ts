/** Whatever people call a transaction, as the store takes it. */
import { PipelineError, type SqlTransaction } from '@unstale/core'
import { type PrismaTransactionClient, prismaTransaction } from './prisma.ts'
import { type EntityManagerLike, type QueryRunnerLike, typeormTransaction } from './typeorm.ts'

/**
 * TypeORM's `EntityManager` or `QueryRunner`, the client of Prisma's interactive transaction, a transaction of Knex, or an
 * executor bound to one.
 */
export type Transaction = EntityManagerLike | QueryRunnerLike | PrismaTransactionClient | SqlTransaction

/** Throws TRANSACTION_UNSUPPORTED for what is none. */
export function toTransaction(transaction: Transaction): SqlTransaction {
  const has = (name: string) => typeof (transaction as Record<string, unknown> | null | undefined)?.[name] === 'function'
  if (has('run') || has('raw')) return transaction as SqlTransaction
  if (has('$executeRawUnsafe')) return prismaTransaction(transaction as PrismaTransactionClient)
  if (has('getRepository') || has('startTransaction')) return typeormTransaction(transaction as EntityManagerLike)
  throw new PipelineError(
    'TRANSACTION_UNSUPPORTED',
    "transaction: has to be TypeORM's EntityManager or QueryRunner, a transaction of Knex or Prisma, or an executor { run(sql, bindings) }",
  )
}
