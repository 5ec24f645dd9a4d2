import { createHmac } from 'node:crypto'
import type { Locator, Page } from 'playwright-core'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { hasBrowser } from '../browser.ts'
import type { Api, Received, Receiver } from './harness/index.ts'
import { createTarget, told } from './stage.ts'
import { delivery, health, openItem } from './studio.ts'
import { createStudioStage } from './studio-stage.ts'

describe.skipIf(!hasBrowser())('the page of a target in the Studio', () => {
  let api: Api
  let receiver: Receiver
  let page: Page

  beforeAll(async () => {
    const stage = await createStudioStage()
    api = stage.api
    receiver = stage.receiver
    page = stage.page
    const id = await createTarget(api, receiver.url, [{ collection: 'posts', payload: ['title'] }], { name: 'Web site' })
    await openItem(page, 'cache_flush_targets', id)
  })

  beforeEach(async () => {
    receiver.answer(200)
    await health(page, 'Fresh').waitFor()
    receiver.clear()
  })

  const button = (name: string): Locator => page.locator('.unstale-target').getByRole('button', { name })
  const outcome = (text: string | RegExp): Locator => page.locator('.unstale-target [role=status]', { hasText: text })
  const edit = (title: string, id = 1) => api.items('posts').update(id, { title })

  it('Flush now announces every item that its rules ask for', async () => {
    await button('Flush now').click()
    const events = await told(receiver, 4)
    expect(events.map(({ event, fields }) => [event, fields['id']])).toEqual([1, 2, 3, 4].map((id) => ['update', id]))
    await outcome('Announced 4 items').waitFor()
    await delivery(page, /Delivered\s*200.*posts 1, 2, 3 updated and 1 more/s).waitFor()
  })

  it('Send test shows what the receiver answers', async () => {
    receiver.answer({ status: 401, body: { error: 'wrong key' } })
    await button('Send test').click()
    await outcome(/The receiver answered 401 in \d+ ms\..*wrong key/s).waitFor()
    receiver.answer({ status: 200, body: { flushed: 0 } })
    await button('Send test').click()
    await outcome(/The receiver answered 200 in \d+ ms\..*flushed/s).waitFor()
    expect(receiver.events()).toEqual([])
  })

  it('a key that is made there signs, and rotated there it signs beside the new one until that is ended', async () => {
    const newKey = async (name: string): Promise<string> => {
      await button(name).click()
      const key = await page.getByLabel('New signing key').inputValue()
      await button('I have it').click()
      return key
    }
    /** All instances follow an edit of a target within a second; until then, requests are signed as before. */
    const isSignedBy = async (...keys: string[]): Promise<void> => {
      for (let tries = 1; ; tries++) {
        receiver.clear()
        await edit(`Signed, try ${tries}`)
        const request = await receiver.until(([one]) => one)
        if (tries < 10 && signaturesOf(request).length !== keys.length) continue
        return expect(signaturesOf(request)).toEqual(signaturesBy(keys, request))
      }
    }
    const first = await newKey('Create signing key')
    await isSignedBy(first)
    const second = await newKey('Rotate key')
    await page.getByRole('heading', { name: 'Requests are signed with two keys' }).waitFor()
    await isSignedBy(second, first)
    await button('End overlap').click()
    await outcome('From now on, only the new key signs.').waitFor()
    await isSignedBy(second)
    await button('Remove keys').click()
    await page.locator('#dialog-outlet').getByRole('button', { name: 'Remove keys' }).click()
    await outcome('From now on, requests are not signed.').waitFor()
    await isSignedBy()
  })

  it('Retry now does not wait for the next attempt', async () => {
    receiver.answer(503)
    await edit('Not heard')
    // By then the next attempt is ten seconds away.
    await receiver.until((requests) => requests.length >= 4)
    await health(page, /Failing since \d\d:\d\d/).waitFor()
    await delivery(page, /Failed\s*503.*posts 1 updated/s).waitFor()
    receiver.answer(200)
    receiver.clear()
    await button('Retry now').click()
    await receiver.until((requests) => requests.length > 0, 5000)
    await health(page, 'Fresh').waitFor()
    await delivery(page, /Delivered\s*200/).waitFor()
  })

  it('Resume sends what a receiver missed that was gone', async () => {
    receiver.answer(410)
    await edit('Gone')
    await health(page, 'Suspended (the receiver answered 410 Gone)').waitFor()
    await edit('Gone as well', 2)
    receiver.answer(200)
    receiver.clear()
    await button('Resume').click()
    expect((await told(receiver, 2)).map(({ fields }) => fields['title'])).toEqual(['Gone', 'Gone as well'])
    await health(page, 'Fresh').waitFor()
  })
})

const signaturesOf = ({ headers }: Received): string[] => headers['webhook-signature']?.toString().split(' ') ?? []

/** What Standard Webhooks asks for. */
function signaturesBy(keys: readonly string[], { headers, raw }: Received): string[] {
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${raw}`
  return keys.map((key) => {
    const secret = Buffer.from(key.replace(/^whsec_/, ''), 'base64')
    return `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`
  })
}
