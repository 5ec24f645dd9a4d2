import { beforeAll, expect, it } from 'vitest'
import { type Api, type Receiver, receiverInTests } from './harness/index.ts'
import { createStage, createTarget, type Rule } from './stage.ts'

let api: Api
const receivers: Record<string, Receiver> = {}

beforeAll(async () => {
  api = (await createStage()).api
  const rules: Record<string, Rule> = {
    key: { collection: 'posts', payload: ['title', 'author'] },
    name: { collection: 'posts', payload: ['author.name'], previous: ['author.name'] },
    all: { collection: 'posts', payload: ['*', 'author.name'] },
    list: { collection: 'authors', payload: ['posts'] },
    titles: { collection: 'authors', payload: ['posts.title'] },
  }
  for (const [name, rule] of Object.entries(rules)) {
    receivers[name] = await receiverInTests()
    await createTarget(api, receivers[name].url, [rule], name === 'list' ? { format: 'batch' } : {})
  }
  receivers['ids'] = await receiverInTests()
  await createTarget(api, receivers['ids'].url, [{ collection: 'posts' }], { format: 'ids' })
})

const fieldsOf = async (name: string, collection: string): Promise<unknown> =>
  (await receivers[name]!.untilEvent((event) => event.collection === collection)).fields

it('each target hears of what is related as it asked for it, whatever others ask for', async () => {
  const { id: author } = await api.items('authors').create<{ id: number }>({ name: 'Ada' })
  const { id } = await api.items('posts').create<{ id: number }>({ title: 'A', author })
  expect(await fieldsOf('key', 'posts')).toEqual({ id, title: 'A', author })
  expect(await fieldsOf('name', 'posts')).toEqual({ id, author: { name: 'Ada' } })
  expect(await fieldsOf('all', 'posts')).toMatchObject({ id, title: 'A', slug: null, author: { name: 'Ada' } })
  await receivers['list']!.until((requests) => requests.length > 0)
  for (const name of ['list', 'titles']) receivers[name]!.clear()
  await api.items('authors').update(author, { name: 'Ada L.' })
  expect(await fieldsOf('list', 'authors')).toEqual({ id: author, posts: [id] })
  expect(await fieldsOf('titles', 'authors')).toEqual({ id: author, posts: [{ title: 'A' }] })
  for (const name of ['name', 'key']) receivers[name]!.clear()
  await api.items('posts').remove(id)
  const deleted = await receivers['name']!.untilEvent(({ event }) => event === 'delete')
  expect(deleted).toMatchObject({ fields: { id, author: { name: 'Ada L.' } }, previous: { author: { name: 'Ada L.' } } })
  expect(await receivers['key']!.untilEvent(({ event }) => event === 'delete')).toMatchObject({
    fields: { id, title: 'A', author },
  })
})

it('a target that wants ids alone gets those, and its own description', async () => {
  const { id } = await api.items('posts').create<{ id: number }>({ title: 'B' })
  const body = await receivers['ids']!.until((all) =>
    all.map(({ body }) => body as { ids: number[] }).find(({ ids }) => ids.includes(id)),
  )
  expect(body).toEqual({ ids: [id], subscription: expect.objectContaining({ url: receivers['ids']!.url }) })
})
