/**
 * SQLite has one connection, and today a new item's filter holds it in its transaction. In the old days it ran before that, so
 * modules reach for the pool (`new MailService({ schema })`, `database('…')`) and would wait for themselves until Knex gives
 * up. While a handler runs inside a transaction, and there is but one connection, they get that transaction instead. Where
 * there are more, nothing changes: what a module writes past the transaction stays when the event is cancelled.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { LegacyModuleContext } from './types.ts'

interface Transaction {
  isTransaction: true
  isCompleted(): boolean
}

const running = new AsyncLocalStorage<Transaction>()

const isTransaction = (database: unknown): database is Transaction =>
  typeof database === 'function' && (database as Partial<Transaction>).isTransaction === true

/** Everything that `run` starts uses the transaction, if this is one and there is but one connection. */
export function within<Result>(database: unknown, run: () => Result): Result {
  return isTransaction(database) ? running.run(database, run) : run()
}

/** Nothing when none is running, and when it is over: what a handler has left to run later is no part of it. */
function current(): Transaction | undefined {
  const transaction = running.getStore()
  return transaction?.isCompleted() === false ? transaction : undefined
}

export function hasOneConnection(database: unknown): boolean {
  return (database as { client?: { pool?: { max?: unknown } } } | null)?.client?.pool?.max === 1
}

type Reach = Pick<LegacyModuleContext, 'services' | 'database' | 'getSchema'>

export function sharingTheConnection({ services, database, getSchema }: Reach): Reach {
  const shared = Object.entries(services).map(([name, service]) => [
    name,
    typeof service === 'function' ? lent(service) : service,
  ])
  return {
    services: Object.fromEntries(shared),
    database: lentDatabase(database as object),
    getSchema: (options) => {
      const transaction = current()
      return getSchema(transaction === undefined ? options : { database: transaction, ...options })
    },
  }
}

/** A service is made from its collection, if it is told one, and options, of which `knex` is what it works with. */
function lent<Service extends LegacyModuleContext['services'][string]>(service: Service): Service {
  return new Proxy(service, {
    construct(target, values, made) {
      const transaction = current()
      const options: unknown = values.at(-1)
      const lends = transaction !== undefined && typeof options === 'object' && options !== null && !('knex' in options)
      return Reflect.construct(target, lends ? [...values.slice(0, -1), { ...options, knex: transaction }] : values, made)
    },
  })
}

function lentDatabase(database: object): object {
  const now = (): object => current() ?? database
  return new Proxy(database, {
    get: (_, key) => Reflect.get(now(), key),
    has: (_, key) => Reflect.has(now(), key),
    apply: (_, self, values) => Reflect.apply(now() as () => unknown, self, values),
  })
}
