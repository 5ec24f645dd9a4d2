/** For authors of extensions, and those who install with npm. */
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { nodePath } from '../../examples/directus/src/npm.ts'
import { must } from '../child.ts'
import { root } from '../pack.ts'
import {
  type Api,
  type ApiError,
  type DirectusInTests,
  directusInTests,
  type Receiver,
  receiverInTests,
} from './harness/index.ts'
import { linesOf } from './log-lines.ts'
import { createBlog, createTarget, heard } from './stage.ts'

/** `npm install` of the packed packages, as from the registry. */
async function installPacked(cwd: string): Promise<void> {
  const { tarball, core } = inject('extension')
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts']
  await must('npm', ['install', ...quiet, core, tarball], { cwd, node: nodePath(), timeout: 120_000 })
}

describe('a hook of one’s own that wires the extension', () => {
  let project: string
  let directus: DirectusInTests
  let api: Api
  let receiver: Receiver

  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), 'unstale-own-hook-'))
    await cp(join(import.meta.dirname, 'fixtures', 'own-hook'), project, { recursive: true })
    await installPacked(project)
    const sdk = join(root, 'packages', 'adapter-directus', 'node_modules', '.bin', 'directus-extension')
    await must(sdk, ['build'], { cwd: project, node: nodePath(), timeout: 120_000 })
    receiver = await receiverInTests()
    directus = await directusInTests({ extensions: [project], env: { FRONT_END: receiver.url } })
    api = directus.api
    await createBlog(api)
  })
  afterAll(() => rm(project, { recursive: true, force: true }))

  const createPost = (title: string) => api.items('posts').create<{ id: number; slug: string }>({ title })

  it('a module of the old form changes the input, and a target in code is told what became of it', async () => {
    const { id, slug } = await createPost('Hello World')
    expect(slug).toBe('hello-world')
    await receiver.untilEvent(({ event, fields }) => event === 'create' && fields.id === id && fields['slug'] === 'hello-world')
    expect(receiver.requests[0]?.headers.authorization).toBe('Bearer of the code')
    await directus.waitForLog(/own notifier: delivered/)
  })

  it('a module of the old form refuses: Directus answers 403, and nobody is told', async () => {
    const { id } = await createPost('Stays')
    await heard(receiver, { fields: { id } })
    const refusal = (await api
      .items('posts')
      .remove(id)
      .catch((error: unknown) => error)) as ApiError
    expect(refusal).toMatchObject({ status: 403, body: { errors: [{ message: 'Posts are forever.' }] } })
    await api.items('posts').update(id, { title: 'Stayed' })
    await receiver.untilEvent(({ fields }) => fields['title'] === 'Stayed')
    expect(receiver.events().map(({ fields }) => fields)).toMatchObject([{ id, title: 'Stayed' }])
  })

  it('a module of the old form hears of what has happened', async () => {
    const { id } = await createPost('A')
    await api.items('posts').update(id, { title: 'B' })
    await directus.waitForLog(new RegExp(`old hook: update of posts ${id}`))
  })

  it('targets of the Studio work beside the one in code', async () => {
    const other = await receiverInTests()
    const schema = [{ collection: 'posts', events: ['update'], payload: ['title'] }]
    await api.items('cache_flush_targets').create({ status: 'published', url: other.url, auth_header: 'no-auth', schema })
    const { id } = await createPost('A')
    let n = 0
    const edit = async () => {
      await api.items('posts').update(id, { title: `edit ${++n}` })
      return other.events().length
    }
    await expect.poll(edit).toBeGreaterThan(0)
    expect(linesOf(directus)).toEqual([])
  })
})

it('installed by npm into the project of Directus, it is found and works', async () => {
  const directus = await directusInTests({ extensions: [] })
  await directus.stop()
  await installPacked(directus.folder)
  const since = directus.log().length
  await directus.restart()
  await directus.waitForLog(/Loaded extensions: directus-extension-unstale/, { since })
  const receiver = await receiverInTests()
  await createBlog(directus.api)
  await createTarget(directus.api, receiver.url, [{ collection: 'posts', payload: ['title'] }])
  await directus.api.items('posts').create({ title: 'A' })
  await heard(receiver, { event: 'create', fields: { title: 'A' } })
  expect(linesOf(directus, since)).toEqual([])
  const sources = await directus.api.raw('/extensions/sources/index.js')
  expect(await sources.text()).toContain('unstale-target')
  await directus.stop()
})
