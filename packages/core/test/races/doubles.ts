/** Stores that are broken on purpose, each in a way that is easily made: a race that does not see it proves nothing. */
import type { SqlExecutor, Store } from '../../src/ports.ts'
import { entryOf } from '../../src/testing/contract/subject.ts'
import type { Batch } from '../../src/types.ts'

/** Breaks stores in what they send to a database, or in what they answer. All stores of one place are broken together. */
export type Double = { sql(executor: SqlExecutor): SqlExecutor } | { stores(stores: readonly Store[]): readonly Store[] }

/** What was read is not what is there any more, by then. */
const WRITES_LANES = /^(UPDATE|INSERT INTO) \w+lanes /

/** For databases with locks on rows. */
export const rowLockDoubles: Readonly<Record<string, Double>> = {
  'without locks': {
    sql: (executor) =>
      watching(executor, async (run, sql, bindings) => {
        if (WRITES_LANES.test(sql)) await moment()
        return run(sql.replace(/ FOR UPDATE( SKIP LOCKED)?$/, ''), bindings)
      }),
  },
}

const WHOLE = 'folding locks the whole inbox'
const FOLDING = /^SELECT .*\b(\w+inbox)\b.* FOR UPDATE$/

/** For MySQL, whose locking reads wait for what is not committed yet. */
export const mysqlDoubles: Readonly<Record<string, Double>> = {
  [WHOLE]: {
    sql: (executor) =>
      watching(executor, async (run, sql, bindings) => {
        const [, table] = FOLDING.exec(sql) ?? []
        if (table !== undefined) await run(`SELECT id FROM ${table} FOR UPDATE`, [])
        return run(sql, bindings)
      }),
  },
}

/** For Postgres, whose locking reads pass over it. */
export const postgresDoubles: Readonly<Record<string, Double>> = {
  [WHOLE]: {
    sql: (executor) =>
      watching(executor, async (run, sql, bindings) => {
        const [, table] = FOLDING.exec(sql) ?? []
        if (table !== undefined) await run(`LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE`, [])
        return run(sql, bindings)
      }),
  },
  'takes in up to the last': {
    sql: (executor) => {
      const hasty = watching(executor, async (run, sql, bindings) => {
        const [, table] = /^DELETE FROM (\w+arrivals) WHERE id = ANY/.exec(sql) ?? []
        if (table === undefined) return run(sql, bindings)
        await moment()
        return run(`DELETE FROM ${table} WHERE id <= ?`, [Math.max(...String(bindings[0]).slice(1, -1).split(',').map(Number))])
      })
      return {
        ...hasty,
        // A number that is lower than others' is committed later.
        run: (sql, bindings) =>
          /^INSERT INTO \w+arrivals/.test(sql)
            ? hasty.transaction((tx) => tx.run(sql, bindings).finally(moment))
            : hasty.run(sql, bindings),
      }
    },
  },
}

/** For every SQL database. */
export const sqlDoubles: Readonly<Record<string, Double>> = {
  'without transactions': {
    sql: (executor) => {
      const outside: SqlExecutor = {
        async run(sql, bindings) {
          if (WRITES_LANES.test(sql)) await moment()
          return executor.run(sql, bindings)
        },
        transaction: (fn) => fn(outside),
      }
      return outside
    },
  },
}

/** For every store. */
export const storeDoubles: Readonly<Record<string, Double>> = {
  'idle is decided before the append lands': each((store) => ({
    async settle(receipt, verdict, now) {
      const [stats] = await store.stats([receipt.target])
      const settled = await store.settle(receipt, verdict, now)
      await moment()
      // Nothing is left of it: away with all that belongs to it.
      if (stats?.pending === 0) await store.forget(receipt.target, now)
      return settled
    },
  })),
  'whoever asks gets the batch': together(() => {
    const flying = new Map<string, Batch>()
    return (store) => ({
      async claim(request) {
        const batch = (await store.claim(request)) ?? flying.get(request.target) ?? null
        if (batch !== null) flying.set(request.target, batch)
        return batch
      },
    })
  }),
  'any token will do': together(() => {
    const tokens = new Map<string, string>()
    const current = async (store: Store, receipt: Parameters<Store['settle']>[0]) => {
      await store.stats([receipt.target])
      await moment()
      return { ...receipt, token: tokens.get(receipt.batchId) ?? receipt.token }
    }
    return (store) => ({
      async claim(request) {
        const batch = await store.claim(request)
        if (batch !== null) tokens.set(batch.id, batch.token)
        return batch
      },
      renew: async (receipt, leaseUntil) => store.renew(await current(store, receipt), leaseUntil),
      settle: async (receipt, verdict, now) => store.settle(await current(store, receipt), verdict, now),
    })
  }),
  'appends overtake each other': each((store) => {
    let count = 0
    return {
      async append(entries) {
        if (count++ % 2 === 0) await moment()
        return store.append(entries)
      },
    }
  }),
  'overflow is told to nobody': each((store) => ({
    async append(entries) {
      await store.append(entries)
      return { overflowed: [], collapsible: [] }
    },
  })),
  'redrive counts what it has seen': each((store) => ({
    async redrive(query) {
      const letters = await store.listDead({ target: query.target, limit: 100 })
      await moment()
      await store.redrive(query)
      return letters.length
    },
  })),
  'a split is two steps': together(() => {
    const claimed = new Map<string, Batch>()
    return (store) => ({
      async claim(request) {
        const batch = await store.claim(request)
        if (batch !== null) claimed.set(batch.id, batch)
        return batch
      },
      async settle(receipt, verdict, now) {
        if (verdict.kind !== 'split') return store.settle(receipt, verdict, now)
        const settled = await store.settle(receipt, { kind: 'delivered', limit: verdict.limit }, now)
        await moment()
        const { entries = [] } = claimed.get(receipt.batchId) ?? {}
        await store.append(
          entries.map(({ item, last, lastAt }) =>
            entryOf({ target: receipt.target, item, key: String(last.key), change: last, at: lastAt }),
          ),
        )
        return settled
      },
    })
  }),
  'forgets what comes after': each((store) => ({ forget: (target, asOf) => store.forget(target, asOf + 1_000) })),
  'fold does not look': each((store) => ({
    ...(store.inbox && {
      inbox: {
        ...store.inbox,
        fold: async (rows, entries) => (await store.inbox?.fold(rows, entries)) ?? store.append(entries),
      },
    }),
  })),
  'reads the version after the rows': each((store) => ({
    ...(store.targets && {
      targets: {
        ...store.targets,
        async read() {
          const { rows } = (await store.targets?.read()) ?? { rows: [] }
          await moment()
          return { rows, version: (await store.peek({ now: 0, targets: [] })).targets }
        },
      },
    }),
  })),
  'looks before it deletes': each((store) => ({
    ...(store.targets && {
      targets: {
        ...store.targets,
        async delete(key) {
          const there = (await store.targets?.read())?.rows.some((row) => row.key === key) ?? false
          await moment()
          await store.targets?.delete(key)
          return there
        },
      },
    }),
  })),
}

/** Between two steps of a broken store there is time for others. */
async function moment(): Promise<void> {
  for (let turns = Math.random() * 20; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
}

function each(breakIt: (store: Store) => Partial<Store>): Double {
  return together(() => breakIt)
}

/** What `make` answers breaks one store each, and may remember something for all of them. */
function together(make: () => (store: Store) => Partial<Store>): Double {
  return {
    stores(stores) {
      const breakIt = make()
      return stores.map((store) => ({ ...store, ...breakIt(store) }))
    },
  }
}

function watching(
  executor: SqlExecutor,
  run: (run: SqlExecutor['run'], ...args: Parameters<SqlExecutor['run']>) => ReturnType<SqlExecutor['run']>,
): SqlExecutor {
  return {
    run: (sql, bindings) => run(executor.run, sql, bindings),
    transaction: (fn, options) => executor.transaction((tx) => fn(watching(tx, run)), options),
  }
}
