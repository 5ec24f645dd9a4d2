import type { SqlTransaction, Store } from '../../src/index.ts'

/** What the fault tests have to know of one kind of server. */
export interface Backend {
  /** Makes an empty server ready. */
  prepare(): Promise<void>
  /** An application's client, through the proxy on this port of the same machine. */
  connect(port: number): Promise<Client>
  /** The server ends every connection of the application. Answers how many. */
  killConnections(): Promise<number>
  /** It ends those that are in the midst of a transaction, waits for some if there are none, and answers how many. Absent where there are no transactions. */
  killTransactions?(): Promise<number>
  /** What a client says in the midst of a step, when it may hold something on the server; the last of a step last. */
  words: readonly RegExp[]
  /** Why the server goes on holding what a machine held that has vanished. Absent: it soon lets it go. */
  holds?: string
  close(): Promise<void>
}

export interface Client {
  store: Store
  /** Runs `fn` in a transaction of the application's own. Absent where the store has no inbox. */
  transaction?<T>(fn: (transaction: SqlTransaction) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Milliseconds after which a store that does not answer is given up; much longer than it takes on a busy machine. */
export const TIMEOUT = 1000
