import { describe, expect, it, vi } from 'vitest'
import type { ChangeInput } from '../../types.ts'
import { createHooks, type HookContext, type HookEvent } from './index.ts'

const quiet = { info() {}, warn() {}, error() {} }

async function publishedOf(event: HookEvent, result?: unknown): Promise<readonly ChangeInput[]> {
  const published: ChangeInput[] = []
  const hooks = createHooks({ publish: async (changes) => void published.push(...changes), logger: quiet })
  await hooks.run(event, () => result)
  return published
}

const create = (payload: unknown, more: object = {}): HookEvent => ({
  scope: 'items',
  collection: 'posts',
  action: 'create',
  payload,
  ...more,
})
const update = (item: HookEvent['item'], payload?: unknown, more: object = {}): HookEvent => ({
  ...{ scope: 'items', collection: 'posts', action: 'update', payload, ...more },
  ...(item !== undefined && { item }),
})
const remove = (item: HookEvent['item'] & {}, more: object = {}): HookEvent => ({
  ...{ scope: 'items', collection: 'posts', action: 'delete', item, ...more },
})

class Model {
  #row: object
  id: number
  constructor(row: { id: number }) {
    this.#row = row
    this.id = row.id
  }
  toJSON() {
    return this.#row
  }
}

describe('the key and the fields of what was created', () => {
  it.each<[string, HookEvent, unknown, [key: unknown, fields: unknown][]]>([
    ['a key returned', create({ title: 'a' }), 7, [[7, { title: 'a' }]]],
    ['a bigint', create({ title: 'a' }), 7n, [['7', { title: 'a' }]]],
    [
      'a row with bigints',
      create({ title: 'a' }, { primaryKey: 'uid' }),
      { uid: 7n, views: 9n },
      [['7', { uid: '7', views: '9' }]],
    ],
    ['an array of one key, as a database has it', create({ title: 'a' }), [7], [[7, { title: 'a' }]]],
    ['the row', create({ title: 'a' }), { id: 7, title: 'A', slug: 'a' }, [[7, { title: 'A', slug: 'a' }]]],
    ['a row that is its key alone', create({ title: 'a' }), [{ id: 7 }], [[7, { title: 'a' }]]],
    ['a model', create({ title: 'a' }), new Model({ id: 7, title: 'A' } as { id: number }), [[7, { title: 'A' }]]],
    [
      'several keys',
      create([{ title: 'a' }, { title: 'b' }]),
      [7, 8],
      [
        [7, { title: 'a' }],
        [8, { title: 'b' }],
      ],
    ],
    [
      'keys that the payload has',
      create([{ id: 'x' }, { id: 'y' }]),
      1,
      [
        ['x', {}],
        ['y', {}],
      ],
    ],
    ['nothing, and a key in the payload', create({ id: 'x', title: 'a' }), undefined, [['x', { title: 'a' }]]],
    ['nothing, and item', create({ title: 'a' }, { item: 'x' }), { ok: true }, [['x', { title: 'a' }]]],
    ['another primary key, which is a field', create({ slug: 'a' }, { primaryKey: 'slug' }), undefined, [['a', { slug: 'a' }]]],
    ['nothing created', create([]), [], []],
  ])('%s', async (_name, event, result, expected) => {
    const published = await publishedOf(event, result)
    expect(published.map(({ key, fields }) => [key, fields])).toEqual(expected)
  })

  it.each<[string, HookEvent, unknown, string]>([
    ['nothing returned', create({ title: 'a' }), undefined, 'the mutation returned nothing for 1 created'],
    ['an object of a driver', create({ title: 'a' }), { changes: 1 }, 'the mutation returned an object for 1 created'],
    ['one key for three', create([{}, {}, {}]), [3], 'the mutation returned an array of 1 for 3 created'],
    ['an upload of which nothing is known', { scope: 'files', action: 'upload' }, undefined, 'returned nothing'],
  ])('no key: %s', async (_name, event, result, says) => {
    const publish = vi.fn(async () => {})
    const heard: HookContext[] = []
    const hooks = createHooks({ publish, logger: quiet })
    hooks.on('*', (context) => void heard.push(context))
    await expect(hooks.run(event, () => result)).rejects.toMatchObject({
      code: 'CHANGE_INVALID',
      message: expect.stringMatching(new RegExp(`${says}.*return the created rows or their keys`)),
    })
    expect(publish).not.toHaveBeenCalled()
    // It has happened all the same.
    expect(heard.map(({ item }) => item)).toEqual([null])
  })

  it('is nobody’s business where nothing is published', async () => {
    const hooks = createHooks({ logger: quiet })
    await expect(hooks.run(create({ title: 'a' }), () => 'ok')).resolves.toBe('ok')
    await expect(hooks.run(update(undefined, { title: 'a' }), () => 'ok')).resolves.toBe('ok')
    const publishing = createHooks({ publish: async () => expect.unreachable(), logger: quiet })
    await expect(publishing.run({ scope: 'revisions', action: 'create', payload: {} }, () => 'ok')).resolves.toBe('ok')
  })
})

describe('what an update says', () => {
  it.each<[string, HookEvent, unknown, [key: unknown, fields: unknown][]]>([
    ['what went in', update(7, { title: 'a' }), undefined, [[7, { title: 'a' }]]],
    [
      'what went in, for each key',
      update([7, 8], { title: 'a' }),
      2,
      [
        [7, { title: 'a' }],
        [8, { title: 'a' }],
      ],
    ],
    ['the row returned', update(7, { title: 'a' }), { id: '7', title: 'A', slug: 'a' }, [[7, { title: 'A', slug: 'a' }]]],
    [
      'the rows returned, in any order',
      update([7, 8], {}),
      [
        { id: 8, n: 8 },
        { id: 7, n: 7 },
      ],
      [
        [7, { n: 7 }],
        [8, { n: 8 }],
      ],
    ],
    ['not what a driver answers', update(7, { title: 'a' }), { changes: 1 }, [[7, { title: 'a' }]]],
    [
      'rows that go in with their keys',
      update(undefined, [
        { id: 7, n: 1 },
        { id: 8, n: 2 },
      ]),
      [],
      [
        [7, { n: 1 }],
        [8, { n: 2 }],
      ],
    ],
    [
      'rows that go in, in the order of the keys',
      update([7, 8], [{ n: 1 }, { n: 2 }]),
      [],
      [
        [7, { n: 1 }],
        [8, { n: 2 }],
      ],
    ],
    [
      'nothing, where it is not known',
      update([7, 8, 9], [{ n: 1 }, { n: 2 }]),
      [],
      [
        [7, {}],
        [8, {}],
        [9, {}],
      ],
    ],
    ['every item', update('*', { title: 'a' }), 12, [['*', { title: 'a' }]]],
  ])('%s', async (_name, event, result, expected) => {
    const published = await publishedOf(event, result)
    expect(published.map(({ key, fields }) => [key, fields])).toEqual(expected)
  })
})

describe('the state before', () => {
  it.each<[string, HookEvent, unknown[]]>([
    ['one row', update(7, {}, { previous: { id: 7, slug: 'a' } }), [{ slug: 'a' }]],
    ['one row without its key', update(7, {}, { previous: { slug: 'a' } }), [{ slug: 'a' }]],
    [
      'rows, by their keys',
      remove([7, 8], {
        previous: [
          { id: 8, n: 8 },
          { id: '7', n: 7 },
        ],
      }),
      [{ n: 7 }, { n: 8 }],
    ],
    ['a Map by key', remove([7, 8], { previous: new Map([['7', { n: 7 }]]) }), [{ n: 7 }, undefined]],
    ['not given', update(7, {}), [undefined]],
    ['of another item', update(7, {}, { previous: { id: 9, slug: 'a' } }), [undefined]],
  ])('%s', async (_name, event, expected) => {
    expect((await publishedOf(event)).map(({ previous }) => previous)).toEqual(expected)
  })

  it('a delete has the last values: what the mutation returned, and what was there before', async () => {
    const [change] = await publishedOf(remove(7, { previous: { id: 7, slug: 'a', n: 1 } }), { id: 7, slug: 'b' })
    expect(change).toEqual({
      ...{ collection: 'posts', event: 'delete', key: 7 },
      ...{ fields: { slug: 'b' }, previous: { slug: 'a', n: 1 } },
    })
  })
})

describe('secrets', () => {
  it('of users and shares reach no target, neither new ones nor old ones', async () => {
    const secrets = { password: 'p', token: 't', tfa_secret: 's', auth_data: {} }
    const user = { id: 'u', name: 'Ada', ...secrets }
    expect(await publishedOf({ scope: 'users', action: 'create', payload: user }, 'u')).toEqual([
      { collection: 'directus_users', event: 'create', key: 'u', fields: { name: 'Ada' } },
    ])
    const changed: HookEvent = {
      scope: 'items',
      collection: 'directus_users',
      action: 'update',
      item: 'u',
      payload: {},
      previous: user,
    }
    expect(await publishedOf(changed, user)).toEqual([
      { collection: 'directus_users', event: 'update', key: 'u', fields: { name: 'Ada' }, previous: { name: 'Ada' } },
    ])
    const [share] = await publishedOf({ scope: 'shares', action: 'update', item: 1, payload: { password: 'p', name: 'x' } })
    expect(share?.fields).toEqual({ name: 'x' })
  })
})
