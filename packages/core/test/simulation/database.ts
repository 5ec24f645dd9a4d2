import type { Inbox, InboxRow, SqlTransaction, Store } from '../../src/ports.ts'
import { memoryStore } from '../../src/stores/memory.ts'

/** A transaction of a user: what was written in it is seen when it commits, and only then. */
export interface UserTransaction {
  handle: SqlTransaction
  commit(): Promise<void>
  rollback(): Promise<void>
}

/** What outlives every worker of a world. */
export interface Database {
  /** As one more process would open it. */
  connect(): Promise<Store>
  /** Null: the store has no inbox. */
  begin: (() => UserTransaction | Promise<UserTransaction>) | null
  /** What is under way in it; null: nothing. */
  busy(): Promise<unknown> | null
  close(): Promise<void>
}

/** Where worlds take place one after the other: each gets an empty database. */
export interface Place {
  open(now: () => number): Promise<Database>
  close(): Promise<void>
}

export const memoryPlace: Place = {
  open: async (now) => createDatabase(now),
  close: async () => {},
}

/** The memory store with an inbox, as a database would have. */
export function createDatabase(now: () => number): Omit<Database, 'begin'> & { store: Store; begin(): UserTransaction } {
  const memory = memoryStore({ now })
  const committed: InboxRow[] = []
  const open = new Map<object, Omit<InboxRow, 'id'>[]>()
  let ids = 0

  const inbox: Inbox = {
    async write(transaction, rows) {
      open.get(transaction)?.push(...structuredClone(rows))
    },
    async read(limit) {
      return structuredClone(committed.slice(0, limit))
    },
    async fold(rows, entries) {
      const gone = new Set(rows.map(({ id }) => id))
      const left = committed.filter(({ id }) => !gone.has(id))
      if (committed.length - left.length !== gone.size) return null
      committed.splice(0, committed.length, ...left)
      return memory.append(entries)
    },
  }
  const store: Store = {
    ...memory,
    name: 'simulated',
    durable: true,
    inbox,
    async peek(query) {
      return { ...(await memory.peek(query)), inbox: committed.length > 0 }
    },
  }
  return {
    store,
    connect: async () => store,
    begin() {
      const handle: SqlTransaction = { run: async () => ({ rows: [], changes: 0 }) }
      open.set(handle, [])
      return {
        handle,
        async commit() {
          for (const row of open.get(handle) ?? []) committed.push({ ...row, id: String(++ids) })
          open.delete(handle)
        },
        async rollback() {
          open.delete(handle)
        },
      }
    },
    busy: () => null,
    close: async () => {},
  }
}
