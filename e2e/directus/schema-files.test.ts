/** What administrators get who make the schema by hand. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { withService } from '../../tools/services/in-tests.ts'
import { must } from '../child.ts'
import { directusInTests, type InTestsOptions, receiverInTests } from './harness/index.ts'
import { linesOf, sayings } from './log-lines.ts'
import { inDatabase } from './past-directus.ts'
import { createBlog, createTarget, extension, heard } from './stage.ts'

function byHand(name: string, dialect: string, options: InTestsOptions): void {
  it(`${name}: with the files of the folder schema everything works, and nothing is left to be made`, async () => {
    const env = { CACHE_FLUSH_DISABLE_SCHEMA_CHANGE: 'true' }
    const directus = await directusInTests({ ...options, extensions: [extension()], env })
    const { api, own, database } = directus
    expect(linesOf(directus)).toHaveLength(2)
    const schema = join(extension(), 'schema')
    const apply = async () => must('node', ['apply.mjs', directus.url, await directus.token()], { cwd: schema })
    expect(await apply()).toMatch(/created cache_flush_targets\ncreated cache_flush_targets_directus_users/)
    expect(await apply()).toMatch(/cache_flush_targets is there, and stays as it is/)
    const sql = await readFile(join(schema, `unstale.${dialect}.sql`), 'utf8')
    // Twice: it is safe to repeat.
    for (const statement of [...statementsOf(sql), ...statementsOf(sql)])
      await (own === undefined ? inDatabase(database, statement) : own.sql(statement))

    const since = directus.log().length
    await directus.restart()
    expect(linesOf(directus, since)).toEqual([])
    const receiver = await receiverInTests()
    await createBlog(api)
    const { id: user } = await api.get<{ id: string }>('/users/me')
    const users_notification = [{ directus_users_id: user }]
    const target = await createTarget(api, receiver.url, [{ collection: 'posts', payload: ['title'] }], { users_notification })
    await api.items('posts').create({ title: 'A' })
    await heard(receiver, { fields: { title: 'A' } })
    expect(await api.get('/unstale/health')).toMatchObject({ durable: true, targets: 1 })
    const fields = 'api_key,users_notification.directus_users_id'
    expect(await api.items('cache_flush_targets').read(target, { fields })).toEqual({ api_key: '**********', users_notification })

    receiver.answer('never')
    await api.items('posts').create({ title: 'kept' })
    await directus.kill()
    receiver.answer(200)
    const allowed = directus.log().length
    await directus.restart({ CACHE_FLUSH_DISABLE_SCHEMA_CHANGE: 'false' })
    await heard(receiver, { fields: { title: 'kept' } })
    expect(sayings(directus, allowed)).toEqual([])
    await directus.stop()
  })
}

const statementsOf = (sql: string) => sql.split(/;\n/).filter((one) => one.trim() !== '')

byHand('SQLite', 'sqlite', {})
await withService('postgres', ({ url }) => byHand('Postgres', 'postgres', { server: url }))
await withService('mysql', ({ url }) => byHand('MariaDB', 'mysql', { server: url }))
