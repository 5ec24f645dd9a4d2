import { Inject, Injectable } from '@nestjs/common'
import type { ChangeInput, Pipeline, PublishOptions } from '@unstale/core'
import { type Transaction, toTransaction } from '../transaction.ts'
import { PIPELINE } from './tokens.ts'

/** Publishes changes. Injectable wherever `UnstaleModule` is. */
@Injectable()
export class ChangePublisher {
  readonly #pipeline: Pipeline

  constructor(@Inject(PIPELINE) pipeline: Pipeline) {
    this.#pipeline = pipeline
  }

  /** As `pipeline.publish`: resolves once the changes are durable. */
  async publish(changes: ChangeInput | readonly ChangeInput[], options?: PublishOptions): Promise<void> {
    await this.#pipeline.publish(changes, options)
  }

  /**
   * Publishes within a transaction: what is rolled back is not announced. One INSERT on the transaction's own connection,
   * which waits for nobody. Needs a store in the same database; rejects with TRANSACTION_UNSUPPORTED otherwise.
   */
  async publishIn(transaction: Transaction, changes: ChangeInput | readonly ChangeInput[]): Promise<void> {
    await this.#pipeline.publish(changes, { transaction: toTransaction(transaction) })
  }
}
