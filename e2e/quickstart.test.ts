import { join } from 'node:path'
import type { FrameLocator, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Browser, hasBrowser, openBrowser } from './browser.ts'
import { root } from './pack.ts'
import { type Quickstart, startQuickstart } from './quickstart.ts'

const lanes = { content: 'Content app', everything: 'Editors’ preview', published: 'Public site' }
type FrontEnd = 'everything' | 'published'
const frontEnds: readonly FrontEnd[] = ['everything', 'published']

let quickstart: Quickstart
let browser: Browser
let page: Page
const thrown: string[] = []

// One page and one story: each test takes other posts than those before it.
describe.skipIf(!hasBrowser())('the quickstart in a browser', () => {
  beforeAll(async () => {
    quickstart = await startQuickstart()
    browser = await openBrowser()
    page = await browser.context.newPage()
    page.on('pageerror', (error) => thrown.push(String(error)))
    page.setDefaultTimeout(20_000)
    await page.goto(quickstart.url)
    for (const key of frontEnds) await settled(key)
  })

  afterAll(async () => {
    await browser?.close()
    expect(await quickstart?.stop()).toBe(0)
  })

  beforeEach(({ task, onTestFailed }) => {
    onTestFailed(async () => {
      const path = join(root, '.unstale', 'e2e', 'failures', `${task.name.replaceAll(/\W+/g, '-')}.png`)
      await page.screenshot({ path, fullPage: true })
      console.log(`What the page showed: ${path}`)
    })
  })

  afterEach(() => expect(thrown).toEqual([]))

  test('an edit reaches both front ends, and visitors see it', async () => {
    await choose(1)
    await page.fill('#title', 'Harbour at first light')
    const told = [line('content', 'write', 'Edited “Harbour at first light”')]
    for (const key of frontEnds) told.push(delivered(key, 1), line(key, 'dropped', '/blog/harbour-at-dawn'))
    await tells(told, () => page.click('#title-form button'))

    for (const key of frontEnds) {
      await visited(key).getByRole('heading', { name: 'Harbour at first light' }).waitFor()
      await settled(key)
    }
  })

  test('fifty edits are one request for each front end', async () => {
    const requests = await figure('requests')
    const changes = await figure('changes')
    const told = frontEnds.flatMap((key) => [delivered(key, 50), line(key, 'dropped', '51 pages')])
    await tells([line('content', 'write', 'Edited 50 posts at once'), ...told], () => page.click('#fifty'))
    for (const key of frontEnds) await settled(key)

    expect(await figure('changes')).toBe(changes + 50)
    expect(await figure('requests')).toBe(requests + 2)
  })

  test('a rename drops the page at the old slug and at the new one', async () => {
    await choose(4)
    for (const key of frontEnds) {
      // Somebody was there before the post was: that it is missing is cached, too.
      expect(await visit(key, '/blog/harbour-by-night')).toBe('Not found')
      for (const slug of ['harbour-in-winter', 'harbour-by-night'])
        await cell(key, `/blog/${slug}`, 'fresh').waitFor({ state: 'attached' })
    }
    await page.fill('#slug', 'harbour-by-night')
    const both = /(?=.*\/blog\/harbour-in-winter)(?=.*\/blog\/harbour-by-night)/
    await tells(
      frontEnds.map((key) => line(key, 'dropped', both)),
      () => page.click('#slug-form button'),
    )

    for (const key of frontEnds) {
      expect(await visit(key, '/blog/harbour-by-night')).toMatch(/^Harbour in winter/)
      expect(await visit(key, '/blog/harbour-in-winter')).toBe('Not found')
      await settled(key)
    }
  })

  test('an unpublished post is gone from the public site, and a draft in the preview', async () => {
    await choose(5)
    await visited('published')
      .getByRole('heading', { name: /^Orchard at dawn/ })
      .waitFor()
    await page.getByRole('button', { name: 'Unpublish' }).waitFor()
    await tells(
      frontEnds.map((key) => line(key, 'dropped', '/blog/orchard-at-dawn')),
      () => page.click('#status'),
    )

    await visited('published').getByRole('heading', { name: 'Not found' }).waitFor()
    await visited('everything').getByText('draft', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Publish', exact: true }).waitFor()
    for (const key of frontEnds) await settled(key)
  })

  test('a front end that was down catches up: its first batch again, then all the rest in one', async () => {
    await choose(6)
    await tells([line('published', 'down', 'Down')], () => power('published').click())
    await page.locator('[data-key=published].is-down').waitFor()

    await page.fill('#title', 'Orchard, and nobody hears of it yet')
    await tells([delivered('everything', 1), line('published', 'retry', '1 change: retry')], () =>
      page.click('#title-form button'),
    )
    // One of the fifty is a draft by now. With the batch that is being tried, fifty wait again.
    await tells([delivered('everything', 49)], () => page.click('#fifty'))
    await card('published').locator('.waiting', { hasText: '50 changes wait' }).waitFor()
    await settled('everything')

    const requests = await figure('requests')
    await tells(
      [
        line('published', 'up', 'Up again'),
        line('published', 'delivered', /, 1 change, attempt \d+: delivered/),
        line('published', 'delivered', /, 49 changes: delivered/),
      ],
      () => power('published').click(),
    )
    await settled('published')

    expect(await figure('requests')).toBe(requests + 2)
    const shown = await visited('everything').locator('.meta').textContent()
    expect(shown).toMatch(/^Revision \d+$/)
    await visited('published')
      .locator('.meta', { hasText: new RegExp(`^${shown}$`) })
      .waitFor()
  })
})

function card(key: FrontEnd): Locator {
  return page.locator(`[data-key=${key}]`)
}

function power(key: FrontEnd): Locator {
  return card(key).locator('.power')
}

/** What a visitor of that front end has before them. */
function visited(key: FrontEnd): FrameLocator {
  return card(key).frameLocator('iframe')
}

/** The cached page at that path, in the card's picture of the cache. */
function cell(key: FrontEnd, path: string, state: 'fresh' | 'stale'): Locator {
  return card(key).locator(`.cache i.${state}[title="${path}"]`)
}

function line(lane: keyof typeof lanes, kind: string, text: string | RegExp): Locator {
  return page.locator(`#timeline li.${kind} p[data-lane="${lanes[lane]}"]`, { hasText: text })
}

function delivered(key: FrontEnd, changes: number): Locator {
  return line(key, 'delivered', new RegExp(`, ${changes} changes?: delivered`))
}

/** Does it, and waits until the timeline has one more of each of these lines. */
async function tells(lines: readonly Locator[], act: () => Promise<unknown>): Promise<void> {
  const before = await Promise.all(lines.map((one) => one.count()))
  await act()
  await Promise.all(lines.map((one, index) => one.nth(before[index] ?? 0).waitFor({ state: 'attached' })))
}

/** Visitors have been to every page again, none of them is stale, and nothing waits. */
async function settled(key: FrontEnd): Promise<void> {
  await page.locator(`[data-key=${key}]:has(.cache i):not(:has(.cache i:not(.fresh))):has(.waiting:empty)`).waitFor()
}

async function choose(id: number): Promise<void> {
  await page.click(`#post-${id}`)
  await page.locator(`#post-${id}[aria-selected=true]`).waitFor()
}

async function figure(name: 'changes' | 'requests'): Promise<number> {
  return Number(await page.textContent(`#figure-${name}`))
}

/** Opens that page of a front end in a tab of its own; resolves with its heading. */
async function visit(key: FrontEnd, path: string): Promise<string | null> {
  const address = (await card(key).locator('.address').textContent()) ?? ''
  const tab = await browser.context.newPage()
  await tab.goto(`http://${address.split('/')[0]}${path}`)
  const heading = await tab.textContent('h1')
  await tab.close()
  return heading
}
