/** The store on the one connection that a DataSource of better-sqlite3 has for everybody. */
import { PipelineError, type SqlExecutor, type SqliteConnection, sqliteExecutor } from '@unstale/core'
import type { DataSourceLike, QueryRunnerLike } from './types.ts'

/** Takes turns between TypeORM's statements and the store's. */
interface Gate {
  /** Runs `fn` while no transaction of TypeORM's is open, and keeps its statements back meanwhile. */
  alone<T>(fn: () => Promise<T>): Promise<T>
}

interface Shared {
  executor: SqlExecutor
  gate: Gate
}

/** By query runner: TypeORM makes one for each time that the DataSource is initialized. */
const shared = new WeakMap<QueryRunnerLike, Promise<Shared>>()

export function sqliteOn(dataSource: DataSourceLike): SqlExecutor {
  const current = () => {
    const runner = dataSource.createQueryRunner()
    let known = shared.get(runner)
    if (known === undefined) {
      known = share(runner)
      shared.set(runner, known)
      // It may be asked again once the DataSource is initialized.
      known.catch(() => shared.delete(runner))
    }
    return known
  }
  return {
    async run(sql, bindings) {
      const { executor, gate } = await current()
      return gate.alone(() => executor.run(sql, bindings))
    },
    async transaction(fn, options) {
      const { executor, gate } = await current()
      return gate.alone(() => executor.transaction(fn, options))
    },
  }
}

async function share(runner: QueryRunnerLike): Promise<Shared> {
  const connection = (await runner.connect()) as SqliteConnection | undefined
  if (connection === undefined) {
    throw new PipelineError('CONFIG_INVALID', 'dataSource: is not initialized: await dataSource.initialize() first')
  }
  return { executor: sqliteExecutor(connection), gate: gateOn(runner, connection) }
}

/** All of TypeORM's statements go through `query` of the one runner, so that this is where they are kept back. */
function gateOn(runner: QueryRunnerLike, connection: SqliteConnection): Gate {
  const query = runner.query.bind(runner) as (...all: unknown[]) => Promise<unknown>
  let closed: Promise<void> | null = null
  /** Statements of TypeORM's that have begun. */
  let begun = 0
  let waiting: (() => void)[] = []

  const isFree = () => closed === null && begun === 0 && !connection.inTransaction

  function wake(): void {
    if (!isFree()) return
    const woken = waiting
    waiting = []
    for (const go of woken) go()
  }

  const guarded = async (...all: unknown[]) => {
    while (closed !== null) await closed
    begun += 1
    try {
      return await query(...all)
    } finally {
      begun -= 1
      wake()
    }
  }
  Object.assign(runner, { query: guarded })

  return {
    async alone(fn) {
      while (!isFree()) await new Promise<void>((resolve) => waiting.push(resolve))
      let open = () => {}
      closed = new Promise((resolve) => {
        open = resolve
      })
      try {
        return await fn()
      } finally {
        closed = null
        open()
        wake()
      }
    },
  }
}
