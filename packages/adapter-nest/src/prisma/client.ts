/**
 * What an extension needs of a client beyond its public types. All of it is in Prisma 7; where a client lacks one of these,
 * that is said when the client is extended, and not when something is saved.
 */
import { PipelineError } from '@unstale/core'
import type { DataModel, Row } from './models.ts'
import { type PrismaTransactionClient, type Provider, providerOf } from './types.ts'
import type { Args } from './widened.ts'

/** Names a transaction, for `requestTransaction`: an interactive one, or an array. */
export interface Transaction {
  kind: 'itx' | 'batch'
  id: unknown
}

/** A call that begins when somebody waits for it, and can be told in which transaction to run. */
export interface PrismaPromise<T> extends PromiseLike<T> {
  requestTransaction(transaction: Transaction): PromiseLike<T>
  /** What it is going to do; raw statements have none. */
  readonly spec?: { model?: string; action?: string }
}

/** What Prisma calls the query of an extension with. */
export interface Call {
  model: string
  operation: string
  args: Args
  query(args: Args, params?: object): PrismaPromise<unknown>
  __internalParams: { transaction?: Transaction; dataPath?: readonly string[] }
}

export interface TransactionOptions {
  maxWait?: number
  timeout?: number
  isolationLevel?: string
}

type Transact = (input: unknown, options?: TransactionOptions) => Promise<unknown>

interface Delegate {
  findMany(args: object): PrismaPromise<Row[]>
  findUnique(args: object): PrismaPromise<Row | null>
}

/** A client as it was constructed: it reads rows as they are, whatever it was extended with. */
type Plain = PrismaTransactionClient & { $transaction: Transact } & { readonly [model: string]: Delegate | undefined }

export interface Client {
  provider: Provider
  models: DataModel
  plain: Plain
  /** Both are called with a client as `this`. */
  $transaction: Transact
  $extends(extension: object): unknown
}

interface Internals {
  $extends?(extension: object): unknown
  $transaction?: Transact
  _runtimeDataModel?: { models?: DataModel }
  _originalClient?: { _appliedParent?: Plain }
}

export function clientOf(client: object): Client {
  const { $extends, $transaction, _runtimeDataModel, _originalClient } = client as Internals
  const models = _runtimeDataModel?.models
  const plain = _originalClient?._appliedParent
  if ($extends === undefined || $transaction === undefined || models === undefined || plain === undefined) {
    throw new PipelineError('CONFIG_INVALID', 'announceModels: has to be given to $extends of a PrismaClient of version 7')
  }
  return { provider: providerOf(client), models, plain, $transaction, $extends: (extension) => $extends.call(client, extension) }
}

/** The transaction that the client of an interactive one is bound to. */
export async function transactionOf(tx: object): Promise<Transaction> {
  let found: Transaction | undefined
  const { _createPrismaPromise: create } = tx as {
    _createPrismaPromise?(call: (transaction?: Transaction) => Promise<void>): PromiseLike<void>
  }
  await create?.(async (transaction) => {
    found = transaction
  })
  // Else what follows would run beside the transaction.
  if (found?.kind === 'itx') return found
  throw new PipelineError(
    'TRANSACTION_UNSUPPORTED',
    'announceModels: this version of Prisma has other transactions than version 7',
  )
}
