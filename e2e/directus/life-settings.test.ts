/** Variables of the environment, and what is wrong with them. */
import { describe, expect, it } from 'vitest'
import { directusInTests, receiverInTests } from './harness/index.ts'
import { countOf, createOneByOne, POSTS, startWithTarget } from './life.ts'
import { linesOf, sayings } from './log-lines.ts'
import { tablesOf } from './past-directus.ts'
import { createBlog, createTarget, extension, heard } from './stage.ts'

describe('settings', () => {
  it('UNSTALE_ENABLED=false: nothing is made, said or sent', async () => {
    const directus = await directusInTests({ extensions: [extension()], env: { UNSTALE_ENABLED: 'false' } })
    await createBlog(directus.api)
    await directus.api.items('posts').create({ title: 'A' })
    expect((await tablesOf(directus.database)).filter((name) => /^(unstale_|cache_flush)/.test(name))).toEqual([])
    expect(sayings(directus)).toEqual([])
    await directus.restart({ UNSTALE_ENABLED: 'true' })
    const receiver = await receiverInTests()
    await createTarget(directus.api, receiver.url, POSTS)
    await directus.restart({ UNSTALE_ENABLED: 'false' })
    await directus.api.items('posts').create({ title: 'unheard' })
    await directus.restart({ UNSTALE_ENABLED: 'true' })
    await createOneByOne(directus.api, receiver, ['heard'])
    expect(await countOf(receiver, 'heard')).toEqual({ heard: 1 })
    await directus.stop()
  })

  it('each variable that is wrong is named, with what it should be; the rest works', async () => {
    const wrong: Record<string, [value: string, fix: RegExp]> = {
      UNSTALE_ENABLED: ['perhaps', /true or false/],
      CACHE_FLUSH_DEFAULT_FORMAT: ['xml', /batch or single or ids/],
      UNSTALE_WINDOW_SIZE: ['0', /whole number from 1 to 10000/],
      UNSTALE_RETRY_HORIZON: ['soon', /a duration from 1m to/],
      UNSTALE_TIMEOUT: ['5', /a duration from 100ms to/],
      UNSTALE_LEASE: ['-1', /a duration from 1s to/],
      UNSTALE_CONCURRENCY: ['many', /whole number from 1 to 1000/],
      UNSTALE_NETWORK_HTTPS: ['no', /required or any/],
      UNSTALE_KEY_OVERLAP: ['1 week', /such as 500, 30s or 7d/],
      UNSTALE_PURGE_DIRECTUS_CACHE: ['1', /true or false/],
      UNSTALE_TABLE_PREFIX: ['My-', /small letters, digits and underscores/],
      UNSTALE_LOG_RECORDS: ['1.5', /whole number/],
    }
    const env = Object.fromEntries(Object.entries(wrong).map(([name, [value]]) => [name, value]))
    const { directus, api, receiver } = await startWithTarget({ ...env, CACHE_ENABLED: 'true' })
    const lines = linesOf(directus)
    for (const [name, [, fix]] of Object.entries(wrong)) {
      const named = lines.filter((line) => line.includes(`${name} `))
      expect(named, name).toEqual([expect.stringMatching(fix)])
    }
    expect(lines.filter((line) => line.includes('CACHE_AUTO_PURGE'))).toEqual([
      expect.stringMatching(/CACHE_ENABLED without CACHE_AUTO_PURGE.*set CACHE_AUTO_PURGE=true/),
    ])
    expect(lines).toHaveLength(Object.keys(wrong).length + 1)
    await createOneByOne(api, receiver, ['A'])
    await directus.stop()
  })

  it('UNSTALE_PURGE_DIRECTUS_CACHE: who refetches after a flush is given what is new, not what Directus has cached', async () => {
    const { directus, api, receiver } = await startWithTarget({ CACHE_ENABLED: 'true', UNSTALE_PURGE_DIRECTUS_CACHE: 'true' })
    expect(linesOf(directus)).toEqual([])
    const { id } = await api.items('posts').create<{ id: number }>({ title: 'A' })
    const title = async () => (await api.items('posts').read<{ title: string }>(id)).title
    await heard(receiver, { fields: { id } })
    expect(await title()).toBe('A')
    await api.items('posts').update(id, { title: 'B' })
    await heard(receiver, { fields: { title: 'B' } })
    expect(await title()).toBe('B')
    // Without it, Directus does hand out what is stale.
    await directus.restart({ UNSTALE_PURGE_DIRECTUS_CACHE: 'false' })
    expect(await title()).toBe('B')
    await api.items('posts').update(id, { title: 'C' })
    await heard(receiver, { fields: { title: 'C' } })
    expect(await title()).toBe('B')
    await directus.stop()
  })

  it('SECRET is another: the keys that it cannot read are named, people are told, the rest works', async () => {
    const { directus, api } = await startWithTarget()
    const signed = await receiverInTests()
    const me = await api.get<{ id: string }>('/users/me')
    const more = { auth_header: 'no-auth', api_key: null, users_notification: [{ directus_users_id: me.id }] }
    const id = await createTarget(api, signed.url, POSTS, more)
    await api.post(`/unstale/targets/${id}/keys`, { action: 'rotate' })
    const open = await receiverInTests()
    await createTarget(api, open.url, POSTS, { auth_header: 'no-auth', api_key: null })
    await directus.restart({ SECRET: 'another-secret-0123456789-0123456789' })
    const unreadable = await directus.waitForLog(
      /unstale: target (\S+): left out: signing_keys: cannot be decrypted: SECRET[^\n]*/,
    )
    expect(unreadable[1]).toBe(id)
    await expect.poll(() => api.get('/notifications')).toMatchObject([{ item: id, message: expect.stringContaining('SECRET') }])
    await createOneByOne(api, open, ['A'])
    // Each look at the target loads its row: that is no news.
    for (const _ of [1, 2, 3])
      expect(await api.get(`/unstale/targets/${id}`)).toMatchObject({ problems: [expect.stringMatching(/SECRET/)] })
    expect(linesOf(directus).filter((line) => line.includes(id))).toHaveLength(1)
    // Made anew, it is as it was.
    await api.post(`/unstale/targets/${id}/keys`, { action: 'rotate' })
    const signature = async () => {
      await api.post(`/unstale/targets/${id}/test`)
      return signed.requests.at(-1)?.headers['webhook-signature']
    }
    await expect.poll(signature).toMatch(/^v1,/)
    await directus.stop()
  })
})
