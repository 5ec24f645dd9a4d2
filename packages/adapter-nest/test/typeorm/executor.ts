/** The four rules for an executor, beyond what the store's contract sees of them. */
import type { QueryRunner } from 'typeorm'
import { describe, expect, it } from 'vitest'
import { typeormExecutor, typeormTransaction } from '../../src/typeorm.ts'
import { openDatabase, type Place, type TypeOrm, VERSIONS } from './stage.ts'

interface Speech {
  place: Place
  duplicate: string
  /** The number of the session that runs it, and how that is ended; absent: there is but one. */
  session?: { number: string; kill: string }
}

export function testsExecutor(name: string, { place, duplicate, session }: Speech): void {
  const insert = (prefix: string, name = 'x') => `INSERT INTO ${prefix}notes (lang, slug, words) VALUES ('en', '${name}', ?)`

  describe.each(VERSIONS)(`the executor of %s on ${name}`, (_, copy: TypeOrm) => {
    it("keeps the database's own code, outside of transactions and in them", async () => {
      const { dataSource, prefix } = await openDatabase(copy, place)
      const executor = typeormExecutor(dataSource)
      await executor.run(insert(prefix), ['a'])
      const code = expect.objectContaining({ code: duplicate })
      await expect(executor.run(insert(prefix), ['b'])).rejects.toEqual(code)
      await expect(executor.transaction((tx) => tx.run(insert(prefix), ['b']))).rejects.toEqual(code)
      const inside = dataSource.transaction(async (manager) => {
        const transaction = typeormTransaction(manager)
        if ('run' in transaction) await transaction.run(insert(prefix), ['b'])
      })
      await expect(inside).rejects.toEqual(code)
      expect((await executor.run(`SELECT words FROM ${prefix}notes`, [])).rows).toEqual([{ words: 'a' }])
    })

    it('counts what was changed, and rolls back what failed', async () => {
      const { dataSource, prefix } = await openDatabase(copy, place)
      const executor = typeormExecutor(dataSource)
      expect(await executor.run(insert(prefix), ['a'])).toEqual({ rows: [], changes: 1 })
      const failed = executor.transaction(async (tx) => {
        await tx.run(insert(prefix, 'y'), ['b'])
        throw new Error('no')
      })
      await expect(failed).rejects.toThrow('no')
      expect((await executor.run(`UPDATE ${prefix}notes SET words = ?`, ['c'])).changes).toBe(1)
    })

    it('tells neither the logger nor subscribers of its statements', async () => {
      const { dataSource, statements } = await openDatabase(copy, place)
      statements.length = 0
      dataSource.subscribers.push({ beforeTransactionStart: () => void statements.push('start') })
      const executor = typeormExecutor(dataSource)
      await executor.run('SELECT 1 AS one', [])
      await executor.transaction((tx) => tx.run('SELECT 1 AS one', []))
      expect(statements).toEqual([])
    })

    if (session)
      it('goes on with other connections when one has ended', async () => {
        const { dataSource } = await openDatabase(copy, place)
        const executor = typeormExecutor(dataSource)
        const killed = executor.transaction((tx) => tx.run(session?.kill ?? '', []).catch(() => {}))
        await expect(killed).rejects.toThrow()
        const all = Array.from({ length: 8 }, () => executor.transaction((tx) => tx.run('SELECT 1 AS one', [])))
        for (const { rows } of await Promise.all(all)) expect(rows).toHaveLength(1)
      })

    if (session)
      it('closes a connection that could not roll back', async () => {
        const { dataSource } = await openDatabase(copy, place)
        const executor = typeormExecutor(dataSource)
        const create = dataSource.createQueryRunner.bind(dataSource)
        Object.assign(dataSource, { createQueryRunner: () => deaf(create()) })
        const numberOf = async (run: typeof executor.run) =>
          Object.values((await run(session?.number ?? '', [])).rows[0] ?? {})[0]
        let broken: unknown
        const failed = executor.transaction(async (tx) => {
          broken = await numberOf(tx.run)
        })
        await expect(failed).rejects.toThrow('no answer')
        Object.assign(dataSource, { createQueryRunner: create })
        const others = await Promise.all(Array.from({ length: 4 }, () => executor.transaction((tx) => numberOf(tx.run))))
        expect(broken).toBeDefined()
        expect(others).not.toContain(broken)
      })
  })
}

/** Its connection does not answer when a transaction ends. */
function deaf(runner: QueryRunner): QueryRunner {
  const connect = runner.connect.bind(runner)
  return Object.assign(runner, {
    async connect() {
      const connection = (await connect()) as { query(sql: string, ...rest: unknown[]): unknown }
      const query = connection.query.bind(connection)
      return Object.assign(connection, {
        query(sql: string, ...rest: unknown[]) {
          if (!/^(COMMIT|ROLLBACK)$/.test(sql)) return query(sql, ...rest)
          const error = new Error('no answer')
          const done = rest.at(-1)
          return typeof done === 'function' ? done(error) : Promise.reject(error)
        },
      })
    },
  })
}
