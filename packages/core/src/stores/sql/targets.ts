/** The store's own targets. */
import type { TargetRow, TargetRows, TargetSwap } from '../../ports.ts'
import { insert, type Row, type Session, select } from './rows.ts'
import type { Calls } from './transact.ts'

export function sqlTargets({ write }: Pick<Calls, 'write'>): TargetRows & Required<TargetSwap> {
  /** First, so that it is what two writers meet at, and a reader never sees a version that is older than its rows. */
  async function grow(session: Session): Promise<void> {
    const { db, dialect, tables } = session
    const { changes } = await db.run(`UPDATE ${tables.version} SET version = version + 1 WHERE one = 2`, [])
    if (changes > 0) return
    await insert(session, tables.version, { one: 'integer', version: 'integer' }, [[2, 0]], dialect.onConflict(['one'], []))
    await db.run(`UPDATE ${tables.version} SET version = version + 1 WHERE one = 2`, [])
  }

  /** After `grow`, where nothing came of it. */
  async function shrink({ db, tables }: Session): Promise<void> {
    await db.run(`UPDATE ${tables.version} SET version = version - 1 WHERE one = 2`, [])
  }

  async function store(session: Session, { key, uid, target }: TargetRow): Promise<void> {
    const { tables, dialect } = session
    const columns = { name: 'text', uid: 'text', body: 'json' } as const
    const after = dialect.onConflict(['name'], ['body'])
    await insert(session, tables.targets, columns, [[key, uid, JSON.stringify(target)]], after)
  }

  async function remove({ db, dialect, tables }: Session, key: string): Promise<boolean> {
    return (await db.run(`${dialect.deleteFrom(tables.targets)} WHERE name = ?`, [key])).changes > 0
  }

  return {
    read: () =>
      write('read its targets', async (session) => {
        const { tables } = session
        // Before the rows: a change that comes between the two is seen again, and none is missed.
        const [head] = await select(session, `SELECT version FROM ${tables.version} WHERE one = 2`)
        const rows = await select(session, `SELECT name, uid, body FROM ${tables.targets} ORDER BY name`)
        return {
          rows: rows.map(({ name, uid, body }) => ({
            key: String(name),
            uid: String(uid),
            target: JSON.parse(String(body)) as unknown,
          })),
          version: Number(head?.version ?? 0),
        }
      }),

    put: (row) =>
      write('put a target', async (session) => {
        await grow(session)
        await store(session, row)
      }),

    delete: (key) =>
      write('delete a target', async (session) => {
        // In the order in which `put` locks.
        await grow(session)
        const deleted = await remove(session, key)
        if (!deleted) await shrink(session)
        return deleted
      }),

    swap: (key, was, now) =>
      write('change a target', async (session) => {
        // Whoever changes a target waits here, so that the row stays as it is read.
        await grow(session)
        const { tables, dialect } = session
        const from = `${tables.targets}${dialect.by('PRIMARY')}`
        const [row] = await select(session, `SELECT uid, body FROM ${from} WHERE name = ?${dialect.forUpdate}`, [key])
        const isSame = row === undefined ? was === null : was !== null && isRow(row, was)
        if (isSame && now !== null) await store(session, { key, ...now })
        else if (!isSame || !(await remove(session, key))) await shrink(session)
        return isSame
      }),
  }
}

/** Whether it is what `read` made of it: a row that was edited by hand may have other blanks. */
function isRow({ uid, body }: Row, was: Omit<TargetRow, 'key'>): boolean {
  return String(uid) === was.uid && JSON.stringify(JSON.parse(String(body))) === JSON.stringify(was.target)
}
