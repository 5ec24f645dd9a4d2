import { EventEmitter } from 'node:events'
import mitt from 'mitt'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ChangeInput } from '../types.ts'
import { emitterSource } from './emitter.ts'

type Published = ChangeInput | readonly ChangeInput[]
const change: ChangeInput = { collection: 'posts', event: 'update', key: 1 }

/** What a pipeline offers, and all that it was given. */
function pipeline(publish: (changes: Published) => Promise<void> = async () => {}) {
  const published: Published[] = []
  return {
    published,
    publish: (changes: Published): Promise<void> => {
      published.push(changes)
      return publish(changes)
    },
  }
}

afterEach(() => void vi.restoreAllMocks())

describe('emitterSource', () => {
  it('publishes what the emitter reports, in order, at the moment it is reported', () => {
    const emitter = mitt<{ change: Published }>()
    const { published, publish } = pipeline()
    emitterSource(emitter).subscribe(publish)
    emitter.emit('change', change)
    emitter.emit('change', [change, { ...change, key: 2 }])
    expect(published).toEqual([change, [change, { ...change, key: 2 }]])
    expect(published[0]).toBe(change)
  })

  it('hears nothing before it is subscribed to, and nothing after', () => {
    const emitter = mitt<{ change: Published; other: Published }>()
    const { published, publish } = pipeline()
    const source = emitterSource(emitter)
    emitter.emit('change', change)
    const unsubscribe = source.subscribe(publish)
    emitter.emit('other', change)
    expect(published).toHaveLength(0)
    emitter.emit('change', change)
    unsubscribe()
    unsubscribe()
    emitter.emit('change', change)
    expect(published).toHaveLength(1)
    expect(emitter.all.get('change')).toEqual([])
  })

  it('leaves the emitter to its other listeners', () => {
    const emitter = mitt<{ change: Published }>()
    const heard: Published[] = []
    emitter.on('change', (event) => void heard.push(event))
    const one = pipeline()
    const other = pipeline()
    const source = emitterSource(emitter)
    const unsubscribe = source.subscribe(one.publish)
    source.subscribe(other.publish)
    unsubscribe()
    emitter.emit('change', change)
    expect([heard.length, one.published.length, other.published.length]).toEqual([1, 0, 1])
  })

  it('takes several events, each once, and says which it was', () => {
    const emitter = mitt<{ saved: { id: number }; removed: { id: number }; seen: { id: number } }>()
    const { published, publish } = pipeline()
    const unsubscribe = emitterSource(emitter, {
      events: ['saved', 'removed', 'saved'],
      toChanges: ({ id }: { id: number }, type) => ({
        collection: 'posts',
        event: type === 'saved' ? 'update' : 'delete',
        key: id,
      }),
    }).subscribe(publish)
    emitter.emit('saved', { id: 1 })
    emitter.emit('removed', { id: 2 })
    emitter.emit('seen', { id: 3 })
    expect(published).toEqual([
      { collection: 'posts', event: 'update', key: 1 },
      { collection: 'posts', event: 'delete', key: 2 },
    ])
    unsubscribe()
    emitter.emit('saved', { id: 1 })
    expect(published).toHaveLength(2)
  })

  it('takes all events by the wildcard, with their own names', () => {
    const emitter = mitt<{ 'posts.update': number; 'posts.delete': number }>()
    const { published, publish } = pipeline()
    const toChanges = (key: number, type: string) => {
      const [collection = '', event] = type.split('.')
      return { collection, event: event as 'update', key }
    }
    const unsubscribe = emitterSource(emitter, { events: '*', toChanges }).subscribe(publish)
    emitter.emit('posts.update', 1)
    emitter.emit('posts.delete', 2)
    expect(published).toEqual([
      { collection: 'posts', event: 'update', key: 1 },
      { collection: 'posts', event: 'delete', key: 2 },
    ])
    unsubscribe()
    emitter.emit('posts.update', 1)
    expect(published).toHaveLength(2)
  })

  it('skips an event that is no change', () => {
    const emitter = mitt<{ change: number }>()
    const { published, publish } = pipeline()
    emitterSource(emitter, { toChanges: (key: number) => (key > 1 ? { ...change, key } : null) }).subscribe(publish)
    for (const key of [1, 2]) emitter.emit('change', key)
    expect(published).toEqual([{ ...change, key: 2 }])
  })

  it.each<[string, () => Promise<void>]>([
    ['rejects', () => Promise.reject(new Error('full'))],
    [
      'throws',
      () => {
        throw new Error('full')
      },
    ],
  ])('tells onError when publish %s, never the emitter', async (_name, publish) => {
    const emitter = mitt<{ change: Published }>()
    const told = await new Promise((onError) => {
      emitterSource(emitter, { onError }).subscribe(publish)
      expect(() => emitter.emit('change', change)).not.toThrow()
    })
    expect(told).toEqual(new Error('full'))
  })

  it('tells onError when toChanges throws, and goes on', async () => {
    const emitter = mitt<{ change: number }>()
    const { published, publish } = pipeline()
    const told = await new Promise((onError) => {
      const toChanges = (key: number) => {
        if (key === 1) throw new Error('no such row')
        return { ...change, key }
      }
      emitterSource(emitter, { toChanges, onError }).subscribe(publish)
      for (const key of [1, 2]) emitter.emit('change', key)
    })
    expect(told).toEqual(new Error('no such row'))
    expect(published).toEqual([{ ...change, key: 2 }])
  })

  it('by default says on the console what could not be published', async () => {
    const emitter = mitt<{ change: Published }>()
    const said = new Promise((resolve) => vi.spyOn(console, 'error').mockImplementation(resolve))
    emitterSource(emitter).subscribe(() => Promise.reject(new Error('full')))
    emitter.emit('change', change)
    expect(await said).toEqual(new Error('full'))
  })

  it('outlives an onError that throws', async () => {
    const emitter = mitt<{ change: Published }>()
    const said = new Promise((resolve) => vi.spyOn(console, 'error').mockImplementation(resolve))
    const onError = () => {
      throw new Error('the alarm is broken')
    }
    emitterSource(emitter, { onError }).subscribe(() => Promise.reject(new Error('full')))
    emitter.emit('change', change)
    expect(await said).toEqual(new Error('the alarm is broken'))
  })

  it('works with any emitter that has on and off', () => {
    const emitter = new EventEmitter<{ change: [ChangeInput] }>()
    const { published, publish } = pipeline()
    const unsubscribe = emitterSource(emitter).subscribe(publish)
    emitter.emit('change', change)
    unsubscribe()
    emitter.emit('change', change)
    expect(published).toEqual([change])
  })
})
