import { describe, expect, it } from 'vitest'
import { bearer } from '../../src/index.ts'
import { MANAGE, READ, type Site, siteOn } from './site.ts'

const READS = ['/targets', '/targets/shop', '/deliveries', '/deliveries/some', '/dead', '/health', '/events']
const CHANGES = ['wake', 'suspend', 'resume', 'test', 'redrive'].map((act) => `/targets/shop/${act}`).concat('/flush')

async function stateOf({ store, transport }: Site): Promise<unknown> {
  return [await store.stats(['u-shop']), transport.requests.length]
}

describe('who may do what', () => {
  it.each(READS)('reading %s needs somebody who is known', async (path) => {
    const { ask } = await siteOn()
    for (const token of [null, 'a-token-that-nobody-knows']) {
      const { status, headers, body } = await ask(path, { token })
      expect(status).toBe(401)
      expect(headers.get('www-authenticate')).toBe('Bearer')
      expect(body).toMatchObject({ title: 'Unauthorized', status: 401 })
    }
  })

  it.each(CHANGES)('POST %s needs the right to manage', async (path) => {
    const site = await siteOn()
    await site.publish(1)
    const before = await stateOf(site)
    expect((await site.post(path, {}, { token: null })).status).toBe(401)
    expect((await site.post(path, {}, { token: READ })).status).toBe(403)
    expect(await stateOf(site)).toEqual(before)
    expect((await site.post(path, {})).status).toBeLessThan(300)
  })

  it.each(CHANGES)('POST %s is not taken from a page of another origin', async (path) => {
    const site = await siteOn()
    await site.publish(1)
    const before = await stateOf(site)
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.test' },
    ])
      expect((await site.post(path, {}, { headers })).status).toBe(403)
    expect(await stateOf(site)).toEqual(before)
    const own = { 'sec-fetch-site': 'same-origin', origin: 'https://cms.test' }
    expect((await site.post(path, {}, { headers: own })).status).toBeLessThan(300)
  })

  it('is the rule that was given', async () => {
    const { ask } = await siteOn({ authorize: async () => ({ read: false, manage: true }) })
    expect((await ask('/targets')).status).toBe(403)
  })

  it('says nothing of a rule that fails', async () => {
    const { ask, errors } = await siteOn({
      authorize: () => {
        throw new Error('the password of the database is 1234')
      },
    })
    const { status, body } = await ask('/targets')
    expect(status).toBe(500)
    expect(JSON.stringify(body)).not.toContain('1234')
    expect(errors).toHaveLength(1)
  })
})

describe('bearer', () => {
  const request = (authorization?: string) => new Request('https://x.test', { headers: authorization ? { authorization } : {} })
  const ROTATED = 'a-token-that-came-later'

  it('knows each token, and who manages may read', async () => {
    const authorize = bearer({ read: [READ], manage: [MANAGE, ROTATED] })
    expect(await authorize(request(`Bearer ${READ}`))).toEqual({ read: true, manage: false })
    expect(await authorize(request(`bearer  ${MANAGE} `))).toEqual({ read: true, manage: true })
    expect(await authorize(request(`Bearer ${ROTATED}`))).toEqual({ read: true, manage: true })
    for (const other of [
      undefined,
      READ,
      `Bearer ${READ}x`,
      `Bearer ${READ.slice(1)}`,
      `Basic ${READ}`,
      `Bearer ${READ} ${MANAGE}`,
    ])
      expect(await authorize(request(other))).toBeNull()
  })

  it('takes one kind alone', async () => {
    expect(await bearer({ read: READ })(request(`Bearer ${READ}`))).toEqual({ read: true, manage: false })
    expect(await bearer({ manage: MANAGE })(request(`Bearer ${READ}`))).toBeNull()
  })

  it.each([
    [{}, 'at least one token'],
    [{ read: undefined }, 'read has to be a token of at least 16 visible ASCII characters, not nothing: is its variable set?'],
    [{ read: READ, manage: [] }, 'manage wants at least one token'],
    [{ manage: ['short'] }, 'manage[0] has to be a token of at least 16 visible ASCII characters, not one of 5'],
    [{ manage: 'a token with its spaces' }, 'not one with a space, a line break or a letter beyond ASCII'],
    [{ manage: [MANAGE, 'ä-token-beyond-ascii'] }, 'manage[1]'],
  ])('refuses %o', (tokens, message) => {
    expect(() => bearer(tokens)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(message) }),
    )
  })

  it('repeats no token', () => {
    expect(() => bearer({ read: 'secret of mine and yours' })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('mine') }),
    )
  })
})
