/** How one operation reaches the database: every call in its transaction. */
import type { Pipeline } from '@unstale/core'
import type { Call, Client, PrismaPromise, Transaction } from './client.ts'
import { runOn } from './executor.ts'
import type { Model, Row } from './models.ts'
import type { Work } from './operations.ts'
import type { PrismaTransactionClient } from './types.ts'

/** The transaction of an operation, and if it is its own, when that has committed. */
export interface Transacted {
  transaction: Transaction
  committed?: Promise<unknown>
}

interface Task extends Transacted {
  client: Client
  pipeline: Pick<Pipeline, 'publish' | 'interest'>
  model: Model
  previous: Work['previous']
  call: Call
}

export function workOn({ client, pipeline, model, previous, call, transaction, committed }: Task): Work {
  const { plain, provider } = client
  const { operation, args, query, __internalParams: params } = call
  const within = <T>(begun: unknown) => (begun as PrismaPromise<T>).requestTransaction(transaction)
  const statements: PrismaTransactionClient = {
    $queryRawUnsafe: (...input) => within(plain.$queryRawUnsafe(...input)),
    $executeRawUnsafe: (...input) => within(plain.$executeRawUnsafe(...input)),
  }
  const tx = { run: runOn(statements, provider), ...(committed && { committed }) }
  return {
    model,
    args,
    provider,
    previous,
    interest: (event) => pipeline.interest(model.collection, event),
    // All of the answer, also where only a part of it is going to be looked at.
    perform: async (args, action = operation) => within(query(args, { ...params, action, transaction, dataPath: [] })),
    read: async (args) => within<Row[]>(plain[model.name]?.findMany(args)),
    readOne: async (args) => within<Row | null>(plain[model.name]?.findUnique(args)),
    query: async (sql, values) => statements.$queryRawUnsafe(sql, ...values),
    publish: (changes) => pipeline.publish(changes, { transaction: tx }),
  }
}
