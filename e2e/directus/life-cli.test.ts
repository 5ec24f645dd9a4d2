/** Commands of Directus load extensions, too: none of them may notice. */
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { environmentOf } from '../../examples/directus/src/environment.ts'
import { type DirectusInTests, directusInTests, installDirectus, receiverInTests } from './harness/index.ts'
import { tablesOf } from './past-directus.ts'
import { createBlog, createTarget, extension, heard } from './stage.ts'

let directus: DirectusInTests
let role: string

/** Runs a command in the folder of that Directus, to its own end. */
async function command(...args: string[]): Promise<{ code: number | null; said: string }> {
  const installation = await installDirectus('12')
  const { folder, database } = directus
  const env = environmentOf(installation, folder, database)
  const child = spawn(installation.node, [installation.cli, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  return { code, said }
}

const ourTables = async () => (await tablesOf(directus.database)).filter((name) => /^(unstale_|cache_flush)/.test(name)).sort()

describe('commands of Directus', () => {
  // Bootstrapped, and never started with the extension.
  beforeAll(async () => {
    directus = await directusInTests({ extensions: [extension()], env: { UNSTALE_ENABLED: 'false' } })
    role = (await directus.api.get<{ id: string }[]>('/roles'))[0]!.id
    await directus.stop()
  })

  let users = 0
  const commands: [name: string, args: () => string[]][] = [
    ['a snapshot of the schema', () => ['schema', 'snapshot', '--yes', '--format', 'json', 'snapshot.json']],
    [
      'a user who is created',
      () => ['users', 'create', '--email', `u${++users}@example.com`, '--password', 'secret', '--role', role],
    ],
    ['migrations', () => ['database', 'migrate:latest']],
  ]

  it.each(commands)(
    '%s, in a database without our tables: ends by itself, and makes and says nothing of ours',
    async (_, args) => {
      const { code, said } = await command(...args())
      expect({ code, said }).toEqual({ code: 0, said: expect.not.stringContaining('unstale: ') })
      expect(await ourTables()).toEqual([])
    },
  )

  it.each(commands)('%s, in one that has them: ends by itself, and changes and says nothing of ours', async (_, args) => {
    if ((await ourTables()).length === 0) {
      await directus.restart({ UNSTALE_ENABLED: 'true' })
      await directus.stop()
    }
    const tables = await ourTables()
    expect(tables).toContain('unstale_lanes')
    const { code, said } = await command(...args())
    expect({ code, said }).toEqual({ code: 0, said: expect.not.stringContaining('unstale: ') })
    expect(await ourTables()).toEqual(tables)
  })

  it('a snapshot has the collections of the targets, and none of our tables; who applies it elsewhere has them there', async () => {
    const snapshot = await readFile(join(directus.folder, 'snapshot.json'), 'utf8')
    const { collections } = JSON.parse(snapshot) as { collections: { collection: string }[] }
    const names = collections.map(({ collection }) => collection).sort()
    expect(names).toEqual(['cache_flush_targets', 'cache_flush_targets_directus_users'])
    expect(snapshot).not.toContain('unstale_')

    const file = join(directus.folder, 'snapshot.json')
    directus = await directusInTests({ extensions: [extension()], env: { UNSTALE_ENABLED: 'false' } })
    await directus.stop()
    const { code, said } = await command('schema', 'apply', '--yes', file)
    expect({ code, said }).toMatchObject({ code: 0 })
    await directus.restart({ UNSTALE_ENABLED: 'true' })
    const receiver = await receiverInTests()
    await createBlog(directus.api)
    await createTarget(directus.api, receiver.url, [{ collection: 'posts', payload: ['title'] }])
    await directus.api.items('posts').create({ title: 'A' })
    await heard(receiver, { fields: { title: 'A' } })
  })
})
