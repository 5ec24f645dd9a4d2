import type { TargetInput } from '../../src/config.ts'
import type { VirtualClock } from '../../src/testing/virtual-clock.ts'
import type { Rule } from '../../src/types.ts'
import type { Content, Fact } from './content.ts'
import type { Database } from './database.ts'
import type { Random } from './random.ts'
import type { Worker } from './worker.ts'

/** A change that was accepted, and what the rules of its publisher's list made of it. */
export interface Accepted {
  fact: Fact
  /** When `publish` was called. */
  at: number
  targets: readonly { uid: string; rules: readonly Rule[] }[]
}

export interface Publisher {
  /** Something happens, once or several times, and this worker is told; or hears of it in a transaction that may roll back. */
  publishBy(by: { worker: Worker; list: () => readonly TargetInput[] }): Promise<void>
  readonly accepted: readonly Accepted[]
}

export interface PublisherDeps {
  clock: VirtualClock
  random: Random
  content: Content
  /** Null: there are no transactions in this world. */
  begin: Database['begin']
  told: (line: string) => void
}

export function createPublisher({ clock, random, content, begin, told }: PublisherDeps): Publisher {
  const accepted: Accepted[] = []

  async function inTransaction(worker: Worker, entry: Accepted, begin: NonNullable<Database['begin']>): Promise<void> {
    const transaction = await begin()
    const commits = random.chance(0.8)
    const delay = random.below(300)
    worker.pipeline.publish(entry.fact.change, { transaction: transaction.handle }).then(
      async () => {
        await clock.sleep(delay)
        // The change is rolled back in the database, too; the content of this world does not mind.
        if (!commits || !worker.alive) return transaction.rollback()
        await transaction.commit()
        accepted.push(entry)
      },
      async (error: Error) => {
        told(`publish failed: ${error.message}`)
        await transaction.rollback()
      },
    )
  }

  function atOnce(worker: Worker, entry: Accepted): void {
    worker.pipeline.publish(entry.fact.change).then(
      () => accepted.push(entry),
      (error: Error) => told(`publish failed: ${error.message}`),
    )
  }

  return {
    accepted,
    async publishBy({ worker, list }) {
      const count = random.pick([1, 1, 1, 2, 5])
      for (let index = 0; index < count; index++) {
        // Of two changes in one millisecond the store takes the later appended for the newer.
        await clock.advance(1)
        const fact = content.happen(clock.now())
        const targets = list()
          .filter(({ status }) => status === 'published')
          .map(({ uid, rules }) => ({ uid: uid as string, rules: rules as readonly Rule[] }))
        const entry: Accepted = { fact, at: clock.now(), targets }
        const { collection, event, key, timestamp } = fact.change
        told(
          `${worker.name} publishes ${event} ${collection}/${key} v${fact.after?.v ?? '-'} ${JSON.stringify(fact.before)} → ${JSON.stringify(fact.after)} t=${timestamp - 1_700_000_000_000}`,
        )
        if (begin === null || random.chance(0.3)) atOnce(worker, entry)
        else await inTransaction(worker, entry, begin)
      }
    },
  }
}
