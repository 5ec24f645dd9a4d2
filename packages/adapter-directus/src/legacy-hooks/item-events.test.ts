import { describe, expect, test, vi } from 'vitest'
import { toDirectusHook } from '../to-directus-hook.ts'
import { FakeDirectus, settled } from './test/fake-directus.ts'
import type { LegacyEventContext } from './types.ts'

type Item = Record<string, unknown>
const admin = { admin: true }

const using = (handlers: Record<string, (...values: never[]) => unknown>): FakeDirectus =>
  new FakeDirectus().use(toDirectusHook(() => handlers))

describe('after the event', () => {
  test('a handler gets the old context, once per event', async () => {
    const created = vi.fn()
    const updated = vi.fn()
    const deleted = vi.fn()
    const directus = using({ 'items.create': created, 'items.update': updated, 'items.delete': deleted })
    await directus.create('articles', { title: 'a' })
    await directus.update('articles', ['3', '2'], { title: 'b' })
    await directus.delete('articles', [2, 3])

    const common = { accountability: admin, collection: 'articles', schema: 'the schema', database: 'the pool' }
    const create = { ...common, event: 'items.create', action: 'create', item: 1, payload: { title: 'a' } }
    const update = { ...common, event: 'items.update', action: 'update', item: ['2', '3'], payload: { title: 'b' } }
    expect(created.mock.calls).toEqual([[create]])
    expect(updated.mock.calls).toEqual([[update]])
    expect(deleted.mock.calls).toEqual([[{ ...common, event: 'items.delete', action: 'delete', item: [2, 3], payload: null }]])
    expect(directus.warnings).toEqual([])
  })

  test('reading brings the query', async () => {
    const read = vi.fn()
    const directus = using({ 'items.read': read })
    await directus.read('articles', { limit: 1 }, [{ id: 1 }])
    expect(read).toHaveBeenCalledExactlyOnceWith({
      event: 'items.read',
      accountability: admin,
      collection: 'articles',
      query: { limit: 1 },
      action: 'read',
      payload: [{ id: 1 }],
      schema: 'the schema',
      database: 'the pool',
    })
  })

  test('files are uploaded, created, updated and deleted', async () => {
    const seen: string[] = []
    const directus = using({ 'files.*': ({ event, item }: LegacyEventContext) => void seen.push(`${event} ${item}`) })
    directus.action('files.upload', { payload: {}, key: 'f', collection: 'directus_files' }, directus.early)
    await directus.create('directus_files', {})
    await directus.update('directus_files', ['f'], {})
    await directus.delete('directus_files', ['f'])
    expect(seen).toEqual(['files.upload f', 'files.create 1', 'files.update f', 'files.delete f'])
  })

  test('fields are told by name where Directus gives no keys', async () => {
    const gone = vi.fn()
    const directus = using({ 'fields.delete': gone })
    directus.action('fields.delete', { payload: ['extra'], collection: 'test' }, directus.early)
    expect(gone).toHaveBeenCalledWith(expect.objectContaining({ item: ['extra'], payload: null, collection: 'test' }))
  })

  test('what a handler throws, at once or later, is logged and hurts nobody', async () => {
    const others = vi.fn()
    const directus = using({
      'items.create': () => {
        throw new Error('at once')
      },
      'items.*': async () => {
        throw new Error('later')
      },
    }).use(toDirectusHook({ 'items.create': others }))
    await directus.create('articles', {})
    await settled()
    expect(others).toHaveBeenCalledOnce()
    expect(directus.errors).toHaveLength(2)
    expect(directus.errors[0]).toContain('the handler of "items.create" failed: Error: at once')
    expect(directus.errors[1]).toContain('the handler of "items.*" failed: Error: later')
  })
})

describe('before the event', () => {
  test('a new item comes in an array, whose change counts, returned or not', async () => {
    const kept = using({ 'items.create.before': (input: Item[]) => void (input[0]!['title'] = 'mine') })
    expect(await kept.create('articles', { title: 'a' })).toEqual({ title: 'mine' })

    const replaced = using({ 'items.create.before': (input: Item[]) => void (input[0] = { title: 'other' }) })
    expect(await replaced.create('articles', { title: 'a' })).toEqual({ title: 'other' })

    const returned = using({ 'items.create.before': async (input: Item[]) => input.map((item) => ({ ...item, more: 1 })) })
    expect(await returned.create('articles', { title: 'a' })).toEqual({ title: 'a', more: 1 })

    const single = using({ 'items.create.before': ([item]: Item[]) => ({ ...item, more: 2 }) })
    expect(await single.create('articles', { title: 'a' })).toEqual({ title: 'a', more: 2 })
  })

  test('a module that takes the item itself works as well', async () => {
    const before = (input: Item, { collection }: { collection: string }) => {
      if (collection !== 'articles' || input['alias']) return input
      input['alias'] = String(input['name']).toLowerCase()
      delete input['name']
      return input
    }
    const directus = using({ 'items.create.before': before, 'items.update.before': before })
    expect(await directus.create('articles', { name: 'ABC' })).toEqual({ alias: 'abc' })
    expect(await directus.update('articles', ['1'], { name: 'DEF' })).toEqual({ alias: 'def' })
    expect(await directus.create('pages', { name: 'ABC' })).toEqual({ name: 'ABC' })

    const spread = using({ 'items.create.before': (input: Item) => ({ ...input, more: 1 }) })
    expect(await spread.create('articles', { title: 'a' })).toEqual({ title: 'a', more: 1 })
  })

  test('an update brings the payload, with the keys in the context', async () => {
    const before = vi.fn((payload: Item) => ({ ...payload, more: 1 }))
    const directus = using({ 'items.update.before': before })
    expect(await directus.update('articles', ['3', '2'], { title: 'b' })).toEqual({ title: 'b', more: 1 })
    expect(before).toHaveBeenCalledExactlyOnceWith(
      { title: 'b' },
      {
        event: 'items.update.before',
        accountability: admin,
        collection: 'articles',
        item: ['3', '2'],
        action: 'update',
        payload: { title: 'b' },
        schema: 'the schema',
        database: 'the pool',
      },
    )
  })

  test('the database of a create is its transaction', async () => {
    const before = vi.fn()
    await using({ 'items.create.before': before }).create('articles', {})
    expect(before.mock.calls[0]?.[1]).toMatchObject({ event: 'items.create.before', database: 'the transaction', item: null })
  })

  test('keys to delete can be left out, by returning some or by changing them', async () => {
    const some = using({ 'items.delete.before': (keys: unknown[]) => keys.filter((key) => key !== 2) })
    expect(await some.delete('articles', [1, 2, 3])).toEqual([1, 3])
    const changed = using({ 'items.delete.before': (keys: unknown[]) => void keys.pop() })
    expect(await changed.delete('articles', [1, 2, 3])).toEqual([1, 2])
  })

  test('keys that nobody asked to delete are never deleted', async () => {
    const directus = using({ 'items.delete.before': async () => [7, 8] })
    expect(await directus.delete('articles', [1, 2])).toEqual([1, 2])
    expect(directus.warnings).toEqual([
      'toDirectusHook: the handler of "items.delete.before" returned, for "items.delete.before", ' +
        'keys that were not asked for, so nothing was changed. Return some of the given keys, or nothing.',
    ])
  })

  test('a delete handler may take the context first', async () => {
    const seen: unknown[] = []
    const directus = using({
      'items.delete.before': async (context: LegacyEventContext) => {
        seen.push(context.event, context.collection, context.item, context.database)
        return context
      },
    })
    expect(await directus.delete('articles', [1, 2])).toEqual([1, 2])
    expect(seen).toEqual(['items.delete.before', 'articles', [1, 2], 'the pool'])
  })

  test('what it throws cancels the event', async () => {
    const after = vi.fn()
    const refuse = async () => {
      throw new Error('no')
    }
    const directus = using({ 'items.*.before': refuse, 'items.*': after })
    await expect(directus.create('articles', {})).rejects.toThrow('no')
    await expect(directus.update('articles', ['1'], {})).rejects.toThrow('no')
    await expect(directus.delete('articles', [1])).rejects.toThrow('no')
    expect(after).not.toHaveBeenCalled()
  })

  test('what cannot be an input is ignored, and said once', async () => {
    for (const nonsense of [null, true, 'text', [], [{}, {}], [1]]) {
      const directus = using({ 'items.create.before': () => nonsense })
      expect(await directus.create('articles', { title: 'a' })).toEqual({ title: 'a' })
      expect(await directus.create('articles', { title: 'b' })).toEqual({ title: 'b' })
      expect(directus.warnings).toHaveLength(1)
      expect(directus.warnings[0]).toContain('what cannot be an item')
    }
  })
})

describe('with *', () => {
  test('items.* hears each event of items once, and nothing else', async () => {
    const seen: string[] = []
    const directus = using({ 'items.*': ({ event, collection }: LegacyEventContext) => void seen.push(`${event} ${collection}`) })
    await directus.create('articles', {})
    await directus.update('articles', ['1'], {})
    await directus.delete('articles', [1])
    await directus.read('articles', {}, [])
    await directus.create('directus_users', {})
    directus.action(['items.sort', 'articles.items.sort'], { collection: 'articles', item: 1, to: 2 }, directus.early)
    expect(seen).toEqual(['items.create articles', 'items.update articles', 'items.delete articles', 'items.read articles'])
  })

  test('items.*.before hears the three mutations, and no reading', async () => {
    const before = vi.fn()
    const directus = using({ 'items.*.before': before })
    await directus.create('articles', {})
    await directus.update('articles', ['1'], {})
    await directus.delete('articles', [1])
    await directus.read('articles', {}, [])
    expect(before.mock.calls.map(([, context]) => context.event)).toEqual([
      'items.create.before',
      'items.update.before',
      'items.delete.before',
    ])
  })

  test('*.create hears every table, and is not doubled by the row that records it', async () => {
    const seen: string[] = []
    const directus = using({
      '*.create': ({ event, item }: LegacyEventContext) => void seen.push(`${event} ${item}`),
      '*.create.before': (_: unknown, { event, accountability }: LegacyEventContext) => {
        if ((accountability as { admin?: boolean }).admin) seen.push(event)
      },
    })
    await directus.create('articles', {})
    await directus.create('directus_users', {})
    await directus.filter('auth.create', {}, { identifier: 'x', provider: 'y' }, directus.early)
    expect(seen).toEqual(['items.create.before', 'items.create 1', 'users.create.before', 'users.create 2'])
  })

  test('*.* and *.*.before hear each event of each table once', async () => {
    const after = vi.fn()
    const before = vi.fn()
    const directus = using({ '*.*': after, '*.*.before': before })
    await directus.create('articles', {})
    await directus.update('directus_roles', ['1'], {})
    await directus.delete('directus_files', ['f'])
    await directus.read('articles', {}, [])
    await directus.read('directus_settings', {}, [])
    directus.action('files.upload', { key: 'f', collection: 'directus_files' }, directus.early)
    const events = ['items.create', 'roles.update', 'files.delete', 'items.read', 'files.upload']
    expect(after.mock.calls.map(([context]) => context.event)).toEqual(events)
    expect(before.mock.calls.map(([, context]) => context.event)).toEqual(
      ['items.create', 'roles.update', 'files.delete'].map((event) => `${event}.before`),
    )
  })

  test('activity and revisions are heard when they are named', async () => {
    const activity = vi.fn()
    const directus = using({ 'activity.create': activity })
    await directus.create('articles', {})
    expect(activity).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ event: 'activity.create', accountability: null }))
  })
})
