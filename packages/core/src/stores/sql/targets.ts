/** The store's own targets. */
import type { TargetRows } from '../../ports.ts'
import { insert, type Session, select } from './rows.ts'
import type { Calls } from './transact.ts'

export function sqlTargets({ write }: Pick<Calls, 'write'>): TargetRows {
  /** First, so that it is what two writers meet at, and a reader never sees a version that is older than its rows. */
  async function grow(session: Session): Promise<void> {
    const { db, dialect, tables } = session
    const { changes } = await db.run(`UPDATE ${tables.version} SET version = version + 1 WHERE one = 2`, [])
    if (changes > 0) return
    await insert(session, tables.version, { one: 'integer', version: 'integer' }, [[2, 0]], dialect.onConflict(['one'], []))
    await db.run(`UPDATE ${tables.version} SET version = version + 1 WHERE one = 2`, [])
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

    put: ({ key, uid, target }) =>
      write('put a target', async (session) => {
        await grow(session)
        const { tables, dialect } = session
        await insert(
          session,
          tables.targets,
          { name: 'text', uid: 'text', body: 'json' },
          [[key, uid, JSON.stringify(target)]],
          dialect.onConflict(['name'], ['body']),
        )
      }),

    delete: (key) =>
      write('delete a target', async (session) => {
        const { tables, dialect, db } = session
        // In the order in which `put` locks.
        await grow(session)
        const { changes } = await db.run(`${dialect.deleteFrom(tables.targets)} WHERE name = ?`, [key])
        if (changes === 0) await db.run(`UPDATE ${tables.version} SET version = version - 1 WHERE one = 2`, [])
        return changes > 0
      }),
  }
}
