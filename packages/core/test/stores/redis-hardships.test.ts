import { type RedisOptions as AnyOptions, Redis } from 'ioredis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { withServer } from '../../../../tools/services/in-tests.ts'
import { PipelineError } from '../../src/errors.ts'
import type { Store } from '../../src/ports.ts'
import { type RedisClient, type RedisStoreOptions, redisStore } from '../../src/stores/redis/index.ts'
import { DELIVERED, type EntryInput, entryOf, keysOf, type Subject, subjectOf, T0 } from '../../src/testing/contract/subject.ts'

const on = (store: Store): Subject => subjectOf({ store, dispose: async () => {} })
const put = (store: Store, ...entries: EntryInput[]) => store.append(entries.map(entryOf))
const pending = async (store: Store, ...targets: string[]) => (await store.stats(targets)).map((stats) => stats.pending)
let prefixes = 0

type RedisOptions = Omit<AnyOptions, 'replyMapping'>

async function failure(promise: Promise<unknown>): Promise<PipelineError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(PipelineError)
  return error as PipelineError
}

function openStore(client: RedisClient, options: Partial<RedisStoreOptions> = {}) {
  const prefix = options.prefix ?? `test-${++prefixes}`
  const warnings: string[] = []
  const store = redisStore({ client, prefix, warn: (message) => warnings.push(message), ...options })
  onTestFinished(() => store.close())
  return { store, prefix, root: `{${prefix}}:`, warnings }
}

/** Whatever it calls, `answer` may answer in the server's place. */
function answering(client: Redis, answer: (command: string) => unknown): RedisClient {
  return new Proxy(client as RedisClient, {
    get(of, name) {
      const value: unknown = Reflect.get(of, name)
      if (typeof value !== 'function') return value
      if (name !== 'call') return value.bind(of)
      return async (command: string, args: string[]) => (await answer(command)) ?? client.call(command, args)
    },
  })
}

await withServer('redis', (server) => {
  function connect(options: RedisOptions = {}): Redis {
    const client = new Redis(server.url, options)
    client.on('error', () => {})
    onTestFinished(() => client.disconnect())
    return client
  }
  const open = (options: RedisOptions & Partial<RedisStoreOptions> = {}) => {
    const client = connect(options)
    return { client, ...openStore(client, options) }
  }
  async function configure(settings: Record<string, string>): Promise<void> {
    const client = connect()
    const was = (await client.config('GET', ...Object.keys(settings))) as Record<string, string> | string[]
    const before = Array.isArray(was) ? was : Object.entries(was).flat()
    await client.config('SET', ...Object.entries(settings).flat())
    onTestFinished(async () => {
      const again = new Redis(server.url)
      await again.config('SET', ...before)
      again.disconnect()
    })
  }

  describe('a server whose memory is full', () => {
    it('takes no more, says so, and still gives out what waits; takes again when there is room', async () => {
      const { store } = open()
      await put(store, { key: '1' }, { key: '2' }, { key: '3', target: 'b' })
      await configure({ maxmemory: '1' })
      const { code, message } = await failure(put(store, { key: '4' }, { key: '5', target: 'c' }))
      expect([code, message]).toEqual([
        'STORE_FAILED',
        expect.stringMatching(/could not append: the memory of the server is full/),
      ])
      expect(await pending(store, 'a', 'b', 'c')).toEqual([2, 1, 0])
      const { take, settle } = on(store)
      const one = await take(T0, { entries: 1 })
      expect(await settle(one, { kind: 'split', at: T0, limit: 1, failing: false }, T0)).toEqual({ ok: true })
      expect(await settle(await take(T0), DELIVERED, T0)).toEqual({ ok: true })
      await settle(await take(T0, { target: 'b' }), { kind: 'dead', reason: 'refused' }, T0)
      await store.suspend('a', 'manual', T0)
      await store.resume('a', T0)
      expect(await store.redrive({ target: 'b', now: T0 })).toBe(1)
      await configure({ maxmemory: '0' })
      await put(store, { key: '4' })
      expect([keysOf(await take(T0)), keysOf(await take(T0, { target: 'b' }))]).toEqual([['1', '4'], ['3']])
    })
  })

  describe('a replica', () => {
    it('is refused, and used once it is the primary', async () => {
      const { store, client } = open()
      await put(store, { key: '1' })
      await client.replicaof('127.0.0.1', 1)
      onTestFinished(async () => void (await new Redis(server.url).replicaof('NO', 'ONE')))
      const late = open()
      const messages = [await failure(put(store, { key: '2' })), await failure(put(late.store, { key: '2' }))].map(
        ({ code, message }) => [code, message],
      )
      expect(messages).toEqual([
        ['STORE_FAILED', expect.stringMatching(/read-only replica: connect to the primary/)],
        ['STORE_FAILED', expect.stringMatching(/it is a replica; connect to the primary/)],
      ])
      await client.replicaof('NO', 'ONE')
      await put(store, { key: '3' })
      await put(late.store, { key: '3' })
      expect(keysOf(await on(store).take(T0))).toEqual(['1', '3'])
    })
  })

  describe('what is doubtful about a server', () => {
    it('is told once: that it may evict, that it has no append-only file', async () => {
      const careful = open()
      await put(careful.store, { key: '1' })
      expect(careful.warnings).toEqual([])
      await configure({ maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru', appendonly: 'no' })
      const { store, warnings } = open()
      await put(store, { key: '1' })
      await put(store, { key: '2' })
      expect(warnings).toEqual([
        expect.stringMatching(/allkeys-lru.*set it to noeviction/),
        expect.stringMatching(/appendonly no/),
      ])
    })

    it('is not asked of one who may not look', async () => {
      const admin = connect()
      await admin.call('ACL', 'SETUSER', 'shy', 'on', '>secret', '~{shy}:*', '&{shy}:*', '+@all', '-info', '-config')
      onTestFinished(async () => void (await new Redis(server.url).call('ACL', 'DELUSER', 'shy')))
      const { store, warnings } = open({ username: 'shy', password: 'secret', prefix: 'shy', enableReadyCheck: false })
      await put(store, { key: '1' })
      expect([keysOf(await on(store).take(T0)), warnings]).toEqual([['1'], []])
      const elsewhere = open({ username: 'shy', password: 'secret', prefix: 'other', enableReadyCheck: false })
      expect((await failure(put(elsewhere.store, { key: '1' }))).message).toMatch(/the user of the server may not do that/)
    })

    it('makes a version that is too old be refused', async () => {
      const client = answering(connect(), (command) =>
        command === 'info' ? 'redis_version:6.0.16\r\nrole:master\r\n' : undefined,
      )
      const { code, message } = await failure(put(openStore(client).store, { key: '1' }))
      expect([code, message]).toEqual(['STORE_UNSUPPORTED', expect.stringMatching(/6\.2 or later.*this is 6\.0\.16/)])
    })
  })

  describe('keys', () => {
    it('of a newer version are not touched', async () => {
      const { store, client, root } = open()
      await put(store, { key: '1' })
      await client.set(`${root}version`, '99')
      for (const call of [
        () => put(store, { key: '2' }),
        () => on(store).claim(T0),
        () => store.peek({ now: T0, targets: ['a'] }),
      ]) {
        const { code, message } = await failure(call())
        expect([code, message]).toEqual(['STORE_TABLES_MISSING', expect.stringMatching(/version 99.*update @unstale\/core/)])
      }
      expect(await client.hlen(`${root}entries:a`)).toBe(1)
    })

    it('that somebody else has written are left alone, and nothing is half done', async () => {
      const places = ['lanes', 'ready', 'legal', 'slow', 'entries:b', 'order:b', 'newest:b', 'returned:b']
      for (const place of places) {
        const { store, client, root } = open()
        await put(store, { key: '1' })
        await client.del(root + place)
        await client.set(root + place, 'mine')
        const before = await client.dbsize()
        const { code, message } = await failure(put(store, { key: '2' }, { key: '3', target: 'b' }))
        expect([code, message]).toEqual(['STORE_FAILED', expect.stringMatching(/holds something else.*prefix of its own/)])
        expect([await client.get(root + place), await client.dbsize()]).toEqual(['mine', before])
        await client.del(root + place)
        expect(await client.hlen(`${root}entries:a`)).toBe(1)
      }
    })

    it('that were removed by a server that makes room hold up nobody', async () => {
      const { store, client, root } = open()
      const { claim, take, settle } = on(store)
      await put(store, { key: '1' }, { key: '2' })
      await client.del(`${root}entries:a`)
      expect(await claim(T0)).toBeNull()
      await put(store, { key: '3' }, { key: '4' })
      const batch = await take(T0, { entries: 1 })
      expect(keysOf(batch)).toEqual(['3'])
      await client.del(`${root}flying:a`)
      expect(keysOf(await take(T0 + 20_000))).toEqual([])
      await client.hdel(`${root}entries:a`, 'articles\u00004')
      await put(store, { key: '5' })
      await settle(await take(T0 + 40_000), DELIVERED, T0 + 40_000)
      expect([await claim(T0 + 40_000, { entries: 1 }), keysOf(await claim(T0 + 40_000, { entries: 1 }))]).toEqual([null, ['5']])
    })

    it('are shared by two stores of one prefix, and by no others', async () => {
      const [one, two, other] = [open({ prefix: 'shared' }), open({ prefix: 'shared' }), open()]
      await Promise.all([put(one.store, { key: '1' }), put(two.store, { key: '2' })])
      expect(keysOf(await on(two.store).claim(T0))?.toSorted()).toEqual(['1', '2'])
      expect(await on(other.store).claim(T0)).toBeNull()
    })

    it('have the prefix that a client gives to all', async () => {
      const { store, client } = open({ keyPrefix: 'app:', prefix: 'x' })
      await put(store, { key: '1' })
      expect(keysOf(await on(store).claim(T0))).toEqual(['1'])
      expect(await client.exists('{x}:lanes')).toBe(1)
      expect(await connect().exists('app:{x}:lanes')).toBe(1)
    })
  })

  describe('options', () => {
    it.each([
      [{ prefix: '' }, /prefix/],
      [{ prefix: 'a{b}' }, /prefix/],
      [{ prefix: 'x'.repeat(65) }, /prefix/],
      [{ timeout: 0 }, /timeout/],
      [{ timeout: Number.NaN }, /timeout/],
      [{ client: {} as RedisClient }, /client.*an object/],
      [{ client: undefined as unknown as RedisClient }, /client.*nothing/],
    ])('%j are refused', (options, message) => {
      const client = connect({ lazyConnect: true })
      expect(() => redisStore({ client, ...options })).toThrow(message)
    })
  })

  describe('scripts', () => {
    it('are sent again to a server that has lost them', async () => {
      const { store, client } = open()
      await put(store, { key: '1' })
      await client.script('FLUSH')
      await Promise.all([put(store, { key: '2' }), put(store, { key: '3' })])
      await client.script('FLUSH')
      expect(keysOf(await on(store).claim(T0))).toEqual(['1', '2', '3'])
    })

    it('that are sent again because the answer was lost do not take a batch from who has just claimed it', async () => {
      const { store } = open()
      await put(store, { key: '1' })
      const [one, again] = [await on(store).take(T0, { token: 'k' }), await on(store).take(T0 + 1, { token: 'k' })]
      expect(again).toEqual(one)
    })
  })

  describe('large', () => {
    it('publishes of 100,000 entries are taken in one step, and larger ones refused', async () => {
      const { store } = open()
      const many = Array.from({ length: 100_000 }, (_, n) =>
        entryOf({ key: String(n), target: `t${n % 7}`, maxPending: 200_000 }),
      )
      await store.append(many)
      const targets = Array.from({ length: 7 }, (_, n) => `t${n}`)
      expect((await pending(store, ...targets)).reduce((sum, count) => sum + count)).toBe(100_000)
      const { code, message } = await failure(store.append([...many, entryOf({ key: 'more' })]))
      expect([code, message]).toEqual(['STORE_UNSUPPORTED', expect.stringMatching(/100000 entries.*100001.*in portions/)])
      expect(await pending(store, 'a')).toEqual([0])
      for (const target of targets) await store.forget(target, T0)
    })

    it('changes of 10 MB are taken, and given back as they were', async () => {
      const { store } = open()
      const fields = JSON.stringify({ text: '🦊'.repeat(2_500_000) })
      await put(store, { key: '1', change: { fields } }, { key: '2' })
      expect((await on(store).take(T0)).entries[0]?.last.fields === fields).toBe(true)
    })

    it('appends that come in one go have each a step of their own', async () => {
      const { store } = open()
      const fields = JSON.stringify({ text: 'x'.repeat(2_000_000) })
      await Promise.all(Array.from({ length: 20 }, (_, n) => put(store, { key: String(n), change: { fields } })))
      expect((await on(store).take(T0, { bytes: 1e9 })).entries.map(({ last }) => last.fields.length)).toEqual(
        Array(20).fill(fields.length),
      )
    })

    it('numbers of dead letters are redriven, pruned and forgotten in portions', async () => {
      const { store } = open()
      const few = { maxPending: 1 }
      await store.append(Array.from({ length: 2_501 }, (_, n) => entryOf({ key: String(n), ...few })))
      expect((await store.stats(['a']))[0]).toMatchObject({ pending: 1, dead: 2_500 })
      expect(await store.prune({ before: T0 + 1, limit: 1_200 })).toBe(1_200)
      expect(await store.redrive({ target: 'a', now: T0 + 5 })).toBe(1_300)
      expect((await store.stats(['a']))[0]).toMatchObject({ pending: 1_301, dead: 0, dueAt: T0 + 5 })
      expect(keysOf(await on(store).take(T0 + 5, { entries: 2 }))).toEqual(['1200', '1201'])
    })
  })

  describe('appends of one process', () => {
    it('share a step, and one that cannot be written fails alone', async () => {
      let calls = 0
      const client = answering(connect(), (command) => void (command === 'evalsha' && calls++))
      const { store } = openStore(client)
      await put(store, { key: '0' })
      calls = 0
      await Promise.all(Array.from({ length: 500 }, (_, n) => put(store, { key: `k${n}` })))
      expect(calls).toBe(1)
      const unwritable = { ...entryOf({ key: 'bad' }), at: Number.NaN }
      const results = await Promise.allSettled([put(store, { key: '1' }), store.append([unwritable]), put(store, { key: '2' })])
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      expect(await pending(store, 'a')).toEqual([503])
    })
  })

  describe('a client', () => {
    it('that cannot connect makes calls fail in time, and keeps none of them', async () => {
      const client = new Redis({ port: 1, host: '127.0.0.1', maxRetriesPerRequest: null })
      client.on('error', () => {})
      onTestFinished(() => client.disconnect())
      const { store } = openStore(client, { timeout: 50 })
      const codes = await Promise.all(
        [put(store, { key: '1' }), put(store, { key: '2' }), store.time(), on(store).claim(T0)].map(failure),
      )
      expect(codes.map(({ code, message }) => [code, message])).toEqual(
        Array(4).fill(['STORE_FAILED', expect.stringMatching(/could not .*: it did not answer in time/)]),
      )
      expect((client as unknown as { offlineQueue: { length: number } }).offlineQueue.length).toBe(0)
    })

    it('that was ended makes calls fail at once', async () => {
      const { store, client } = open()
      await put(store, { key: '1' })
      await client.quit()
      expect((await failure(put(store, { key: '2' }))).message).toMatch(/the client was closed/)
    })

    it('may connect at the first call only, keep no queue, join commands, or speak the older protocol', async () => {
      for (const options of [
        { lazyConnect: true, enableOfflineQueue: false },
        { enableAutoPipelining: true },
        { protocol: 2 as const, stringNumbers: true },
      ]) {
        const { store } = open(options)
        await put(store, { key: '1', change: { fields: '{"id":"🦊"}' } })
        expect((await on(store).take(T0)).entries[0]?.last.fields).toBe('{"id":"🦊"}')
        expect(await store.time()).toBeGreaterThan(1_600_000_000_000)
      }
    })

    it('adds what was sent to its errors: they come without', async () => {
      const { store, client, root } = open()
      await client.set(`${root}lanes`, 'mine')
      const { message, cause } = await failure(put(store, { key: '1', change: { fields: '{"password":"secret"}' } }))
      expect(message).not.toMatch(/secret/)
      expect(JSON.stringify(Object.entries(cause as object))).not.toMatch(/secret/)
    })
  })

  describe('who watches', () => {
    it('hears of what others make due, at once and after a lost connection, and not of its own', async () => {
      const [mine, theirs, admin] = [open({ prefix: 'watched' }), open({ prefix: 'watched' }), connect()]
      let heard = 0
      let bell = () => {}
      const rings = async (times: number) => {
        while (heard < times) await new Promise<void>((resolve) => (bell = resolve))
      }
      const stop = mine.store.watch?.(() => {
        heard += 1
        bell()
      })
      await rings(1)
      await put(mine.store, { key: '0', target: 'own' })
      await put(theirs.store, { key: '1' })
      await rings(2)
      expect(heard).toBe(2)
      // Neither is due earlier than it was.
      await put(theirs.store, { key: '2', at: T0 + 1 })
      await theirs.store.wake('nobody', T0)
      await theirs.store.wake('a', T0 - 1)
      await rings(3)
      await theirs.store.targets?.put({ key: 't', uid: 'u', target: {} })
      await rings(4)
      await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await rings(5)
      await put(theirs.store, { key: '3', target: 'b' })
      await rings(6)
      stop?.()
      expect(heard).toBe(6)
    })
  })
})

await withServer(
  'redis',
  (server) => {
    describe('with appendfsync always', () => {
      it('what `append` resolved outlives a server that is killed, and one that is restarted', async () => {
        const client = new Redis(server.url)
        client.on('error', () => {})
        onTestFinished(() => client.disconnect())
        const { store } = openStore(client)
        const { take, settle, claim } = on(store)
        await put(store, ...['1', '2', '3', '4'].map((key) => ({ key })), { key: '5', target: 'b' })
        const flying = await take(T0, { entries: 2, leaseUntil: T0 + 100 })
        await settle(await take(T0, { target: 'b' }), { kind: 'dead', reason: 'refused' }, T0)
        await store.suspend('c', 'gone', T0)
        const before = [await store.stats(['a', 'b', 'c']), await store.listDead({ limit: 9 })]
        for (const end of [() => server.kill(), async () => {}]) {
          await end()
          await server.restart()
          expect([await store.stats(['a', 'b', 'c']), await store.listDead({ limit: 9 })]).toEqual(before)
        }
        const again = await take(T0 + 100)
        expect([again.id, again.entries]).toEqual([flying.id, flying.entries])
        await settle(again, DELIVERED, T0 + 100)
        expect(keysOf(await claim(T0 + 100))).toEqual(['3', '4'])
      })
    })
  },
  { settings: ['--appendfsync', 'always'] },
)
