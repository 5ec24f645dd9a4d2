/** Real databases in which worlds take place. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import SQLite from 'better-sqlite3'
import { Redis } from 'ioredis'
import knexOf, { type Knex } from 'knex'
import { findService, type ServiceName } from '../../../../tools/services/index.ts'
import type { Inbox, SqlValue, Store } from '../../src/ports.ts'
import { redisStore } from '../../src/stores/redis/index.ts'
import { createTables, knexStore, sqliteExecutor, sqliteStore } from '../../src/stores/sql/index.ts'
import { tablesOf } from '../../src/stores/sql/tables.ts'
import { memoryPlace, type Place, type UserTransaction } from './database.ts'
import { createTraffic, type Traffic } from './traffic.ts'

export type PlaceName = 'memory' | 'sqlite' | ServiceName

const SERVERS: readonly ServiceName[] = ['postgres', 'mysql', 'redis']

/** The place of that name; starts a server if it needs one and the environment names none. */
export async function openPlace(name: PlaceName): Promise<Place> {
  if (name === 'memory') return memoryPlace
  if (name === 'sqlite') return sqlitePlace
  if (!(SERVERS as readonly string[]).includes(name)) throw new Error(`--store: choose memory, sqlite, ${SERVERS.join(', ')}`)
  const service = await findService(name)
  if ('missing' in service) throw new Error(service.missing)
  const place = name === 'redis' ? redisPlace(service.url) : serverPlace(name, service.url)
  return {
    open: place.open,
    async close() {
      await place.close()
      await service.stop()
    },
  }
}

// In memory where there is such a place: what is tested is not how long a disk takes.
const root = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A file that each worker opens for itself. It has one writer at a time, so that a user's transaction is over at once. */
export const sqlitePlace: Place = {
  async open(now) {
    const folder = await mkdtemp(join(root, 'unstale-'))
    const filename = join(folder, 'test.db')
    const opened: Store[] = []
    const traffic = createTraffic()
    const connect = async () => {
      const store = await sqliteStore({ filename, synchronous: 'normal' })
      opened.push(store)
      return through(traffic, store, now)
    }
    await connect()
    const users = new SQLite(filename, { timeout: 0 })
    const executor = sqliteExecutor(users)
    return {
      connect,
      async begin() {
        const written: [string, readonly SqlValue[]][] = []
        const handle = {
          async run(sql: string, bindings: readonly SqlValue[]) {
            written.push([sql, bindings])
            return { rows: [], changes: 0 }
          },
        }
        const commit = () =>
          traffic.pass(() =>
            executor.transaction(async (tx) => {
              for (const [sql, bindings] of written) await tx.run(sql, bindings)
            }),
          )
        return { handle, commit, rollback: async () => {} }
      },
      busy: traffic.busy,
      async close() {
        for (const store of opened) await store.close()
        users.close()
        await rm(folder, { recursive: true, force: true })
      },
    }
  },
  close: async () => {},
}

/** A server: every worker has a store of its own, and users' transactions are open while others commit. */
export function serverPlace(dialect: 'postgres' | 'mysql', url: string): Place {
  const prefix = `test_${randomBytes(6).toString('hex')}_`
  const { version, ...filled } = tablesOf(prefix)
  const client = dialect === 'postgres' ? 'pg' : 'mysql2'
  const knex = knexOf({ client, connection: url, pool: { min: 0, max: 50 } })
  let created: Promise<void> | undefined
  return {
    async open(now) {
      created ??= createTables({ knex, prefix })
      await created
      for (const table of Object.values(filled)) await knex(table).delete()
      const traffic = createTraffic()
      const open = new Set<Knex.Transaction>()
      return {
        connect: async () => through(traffic, knexStore({ knex, prefix }), now),
        async begin() {
          const trx = await traffic.pass(() => knex.transaction())
          open.add(trx)
          const ending = (end: () => PromiseLike<unknown>) => async () => {
            open.delete(trx)
            await traffic.pass(async () => end())
          }
          const transaction: UserTransaction = {
            handle: trx,
            commit: ending(() => trx.commit()),
            rollback: ending(() => trx.rollback()),
          }
          return transaction
        },
        busy: traffic.busy,
        async close() {
          // Those of workers that were killed in between.
          for (const trx of open) await trx.rollback()
        },
      }
    },
    async close() {
      for (const table of [version, ...Object.values(filled)]) await knex.schema.dropTableIfExists(table)
      await knex.destroy()
    },
  }
}

/** Redis, each world under a name of its own. */
export function redisPlace(url: string): Place {
  const own = `sim-${randomBytes(6).toString('hex')}`
  const client = new Redis(url)
  let worlds = 0
  return {
    async open(now) {
      const prefix = `${own}-${++worlds}`
      const traffic = createTraffic()
      return {
        connect: async () => through(traffic, redisStore({ client, prefix, warn() {} }), now),
        begin: null,
        busy: traffic.busy,
        async close() {
          const keys = await client.keys(`*${prefix}}*`)
          if (keys.length > 0) await client.del(...keys)
        },
      }
    },
    close: async () => void (await client.quit()),
  }
}

/** A store whose calls the clock waits for, and whose clock it is. Nothing wakes its workers but what they see themselves. */
function through(traffic: Traffic, store: Store, now: () => number): Store {
  const passing =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      traffic.pass(() => call(...args))
  const { inbox, watch: _, targets: __, ...rest } = store
  const wrapped = Object.fromEntries(
    Object.entries(rest).map(([name, value]) => [name, typeof value === 'function' ? passing(value as never) : value]),
  )
  const own = inbox && {
    inbox: { write: passing(inbox.write), read: passing(inbox.read), fold: passing(inbox.fold) } satisfies Inbox,
  }
  return { ...(wrapped as unknown as Store), ...own, time: async () => now() }
}
