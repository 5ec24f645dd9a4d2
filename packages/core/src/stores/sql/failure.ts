/** What a database's errors mean for the store. */
import { PipelineError } from '../../errors.ts'

interface DatabaseError {
  code?: unknown
  errno?: unknown
  message?: unknown
}

const MEANING: Record<string, string> = {
  NO_ANSWER: 'it did not answer in time',
  ECONNREFUSED: 'it cannot be reached',
  ECONNRESET: 'the connection was lost',
  SQLITE_FULL: 'the disk is full',
  SQLITE_READONLY: 'the database is read-only',
  SQLITE_CANTOPEN: 'the file cannot be opened',
  SQLITE_BUSY: 'the database is locked by another process',
  SQLITE_CORRUPT: 'the file is damaged',
  SQLITE_NOTADB: 'the file is not a database',
  SQLITE_IOERR: 'the disk failed',
  '42501': 'the database user may not do that',
  ER_TABLEACCESS_DENIED_ERROR: 'the database user may not do that',
  ER_OPTION_PREVENTS_STATEMENT: 'the database is read-only',
  '25006': 'the database is read-only',
  '53100': 'the disk is full',
  ER_DISK_FULL: 'the disk is full',
  ER_RECORD_FILE_FULL: 'the disk is full',
  ER_NET_PACKET_TOO_LARGE: 'a change is larger than the server takes (max_allowed_packet)',
}

const DEADLOCK: ReadonlySet<string> = new Set([
  '40001',
  '40P01',
  '55P03',
  'ER_LOCK_DEADLOCK',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_CHECKREAD',
  'SQLITE_BUSY_SNAPSHOT',
])

/**
 * What Postgres says of a prepared statement that is another session's (a pooler is in between), or older than the table. The
 * next try does without.
 */
const UNPREPARED: ReadonlySet<string> = new Set(['26000', '42P05', '0A000'])

export function isUnprepared(error: unknown): boolean {
  return UNPREPARED.has(codeOf(error))
}

/** A connection of the pool that had died: whether the database is there, another one tells. What is done twice for it does no harm. */
const LOST = /^(ECONNRESET|EPIPE|PROTOCOL_CONNECTION_LOST|57P01|ER_SERVER_SHUTDOWN)$/

/** As STORE_FAILED. Drivers write values into their messages, so that only the code is repeated; the rest is the cause. */
export function toStoreError(store: string, doing: string, error: unknown, prefix: string): PipelineError {
  if (error instanceof PipelineError) return error
  if (isMissingTable(error)) {
    const message = `the ${store} store has no tables (${prefix}…); create them with createTables, or with the SQL of printTables`
    return new PipelineError('STORE_TABLES_MISSING', message, { cause: error })
  }
  const code = codeOf(error)
  const meaning = MEANING[code] ?? MEANING[code.split('_').slice(0, 2).join('_')]
  const why = [meaning, code].filter(Boolean).join(', ')
  return new PipelineError('STORE_FAILED', `the ${store} store could not ${doing}${why && `: ${why}`}`, { cause: error })
}

/** How long to wait before the n-th further try, in milliseconds; null: no further try will help. */
export function retryAfter(error: unknown, tries: number): number | null {
  const code = codeOf(error)
  if (DEADLOCK.has(code)) return tries <= 10 ? 5 * tries : null
  if (UNPREPARED.has(code)) return tries <= 2 ? 0 : null
  if (LOST.test(code)) return tries <= 3 ? 20 * tries : null
  // Held by another process: about ten seconds in all.
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return tries <= 150 ? Math.min(5 * tries, 50) : null
  return null
}

/** Runs a step until it succeeds, or until `waitAfter` says that no further try will help: then what it failed with is thrown. */
export async function retrying<T>(step: () => T | Promise<T>, waitAfter: typeof retryAfter = retryAfter): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await step()
    } catch (error) {
      const wait = waitAfter(error, tries)
      if (wait === null) throw error
      await new Promise((resolve) => setTimeout(resolve, wait))
    }
  }
}

/** What a call fails with that got no answer. */
export function silence(timeout: number): Error {
  return Object.assign(new Error(`no answer within ${timeout} ms`), { code: 'NO_ANSWER' })
}

/** Whether every other call would fail now, too: there is no point in trying each on its own. */
export function concernsAll(error: unknown): boolean {
  if (!(error instanceof PipelineError)) return false
  const { code, cause } = error
  return (
    code === 'STORE_TABLES_MISSING' || ABSENT.test(codeOf(cause)) || (cause as Error | undefined)?.name === 'KnexTimeoutError'
  )
}

const ABSENT =
  /^(NO_ANSWER|SQLITE_(BUSY|LOCKED|READONLY|IOERR|CANTOPEN|CORRUPT|NOTADB)|ECONN|ETIMEDOUT|EPIPE|ENOTFOUND|EHOST|PROTOCOL_|08|57P)/

/** Two processes that create one table at once: Postgres tells the slower one in several ways. */
export function isCreatedMeanwhile(error: unknown): boolean {
  return ['23505', '42P07', '42710', 'XX000', 'ER_TABLE_EXISTS_ERROR', 'ER_DUP_KEYNAME'].includes(codeOf(error))
}

export function isMissingTable(error: unknown): boolean {
  const code = codeOf(error)
  return code === '42P01' || code === 'ER_NO_SUCH_TABLE' || /no such table/.test(String((error as DatabaseError | null)?.message))
}

/** A column that is missing: the table is somebody else's. */
export function isForeignTable(error: unknown): boolean {
  const code = codeOf(error)
  return (
    code === '42703' || code === 'ER_BAD_FIELD_ERROR' || /no such column/.test(String((error as DatabaseError | null)?.message))
  )
}

/** A column or an index that was added or dropped already. */
export function isColumnChange(error: unknown): boolean {
  const known = [
    '42701',
    '42703',
    'ER_DUP_FIELDNAME',
    'ER_DUP_KEYNAME',
    'ER_CANT_DROP_FIELD_OR_KEY',
    'ER_BAD_FIELD_ERROR',
  ].includes(codeOf(error))
  return known || /duplicate column|no such column/.test(String((error as DatabaseError | null)?.message))
}

function codeOf(error: unknown): string {
  const { code, errno, message } = (error ?? {}) as DatabaseError
  // pg has no code for a connection that ended.
  if (code === undefined && /^(Connection terminated|Client has encountered a connection error)/.test(String(message)))
    return 'ECONNRESET'
  return typeof code === 'string' ? code : typeof errno === 'number' ? String(errno) : ''
}
