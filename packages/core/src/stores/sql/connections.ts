/** Connections of a Knex, used for a bounded time. */
import { silence } from './failure.ts'

/** What is needed of a connection of pg or mysql2; one that has no socket (SQLite) answers in any case. */
export interface Connection {
  /** Knex's own mark: its pool drops the connection. */
  __knex__disposed?: unknown
  /** pg · mysql2: its session on the server. */
  processID?: number
  threadId?: number
  /** mysql2 · pg: its socket. */
  stream?: Socket
  connection?: { stream?: Socket }
}

interface Socket {
  destroy(error: Error): void
}

/** What is needed of a Knex's client. */
export interface Pool {
  acquireConnection(): Promise<Connection>
  releaseConnection(connection: Connection): Promise<void>
}

export interface Connections {
  /**
   * Lends a connection. When `timeout` is over its socket is closed, so that whatever still waits for an answer on it is
   * rejected, and neither Knex nor its pool keeps anything.
   */
  use<T>(work: (connection: Connection) => Promise<T>): Promise<T>
  /** Sessions whose connection was broken off, once. */
  abandoned(): readonly number[]
}

export function connectionsOf(pool: Pool, timeout: number): Connections {
  let abandoned: number[] = []

  async function use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await pool.acquireConnection()
    let late: Error | undefined
    const socket = connection.stream ?? connection.connection?.stream
    const limit =
      socket &&
      setTimeout(() => {
        late = silence(timeout)
        connection.__knex__disposed = late
        const session = connection.processID ?? connection.threadId
        if (session !== undefined && abandoned.length < 100) abandoned.push(session)
        socket.destroy(late)
      }, timeout)
    try {
      return await work(connection)
    } catch (error) {
      // What drivers say of a connection that we have closed is only what follows from it.
      throw late ?? error
    } finally {
      clearTimeout(limit)
      await pool.releaseConnection(connection)
    }
  }

  return {
    use,
    abandoned() {
      const all = abandoned
      if (all.length > 0) abandoned = []
      return all
    },
  }
}
