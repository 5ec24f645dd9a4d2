import { expect, it } from 'vitest'
import { listenerOf } from './listener.ts'
import { MANAGE, SECRETS, SHOP, siteOn } from './site.ts'

it('no answer holds a secret, whatever is asked and whoever asks', async () => {
  const header = { type: 'header', name: 'x-key', value: `Basic ${SECRETS[0]}` } as const
  const targets = [
    { ...SHOP, wholeCollection: true, maxPending: 3 },
    { ...SHOP, key: 'news', uid: 'u-news', auth: header },
  ]
  const site = await siteOn({ targets })
  await site.store.targets?.put({
    key: 'odd',
    uid: 'u-odd',
    target: { ...SHOP, url: `nowhere?${SECRETS[2]}`, secrets: [SECRETS[1], 7] },
  })
  const events = listenerOf(
    await site.admin.fetch(
      new Request('https://cms.test/unstale/api/events', { headers: { authorization: `Bearer ${MANAGE}` } }),
    ),
  )
  // A receiver that repeats all that it was sent.
  site.transport.answer(({ url, headers, body }) => ({
    kind: 'response',
    status: 500,
    body: `${url} ${JSON.stringify(headers)} ${SECRETS.join()} ${body}`.slice(0, 1_024),
  }))
  await site.publish(1, 2, 3, 4, 5)
  await site.deliver()
  site.transport.answer({ kind: 'network', message: `cannot connect to https://shop.test/flush?token=${SECRETS[2]}` })
  await site.deliver(60_000)
  const { batch } = (await site.ask('/deliveries', { token: MANAGE })).body.result[0]
  for (const path of [
    '/targets',
    '/targets/shop',
    '/targets/odd',
    '/deliveries',
    `/deliveries/${batch}`,
    '/dead',
    '/health',
    '/nowhere',
  ])
    await site.ask(path, { token: MANAGE })
  for (const key of ['shop', 'news', 'odd', 'nobody'])
    for (const act of ['wake', 'suspend', 'resume', 'test', 'redrive']) await site.post(`/targets/${key}/${act}`, {})
  for (const body of [{}, { collection: 'posts' }, { target: 'odd' }, { target: 'shop', collection: 'posts', keys: [1] }])
    await site.post('/flush', body)
  await site.clock.advance(1_000)
  const messages = await events.rest()
  expect(messages.length).toBeGreaterThan(4)
  expect(site.answers.length).toBeGreaterThan(30)
  const all = site.answers.join('\n') + JSON.stringify(messages)
  for (const secret of [...SECRETS, SECRETS[1].slice(6)]) expect(all).not.toContain(secret)
  expect(all).toContain('***')
})
