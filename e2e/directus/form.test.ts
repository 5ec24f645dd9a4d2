import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { hasBrowser } from '../browser.ts'
import type { Api, Receiver } from './harness/index.ts'
import {
  addRule,
  checkbox,
  choose,
  delivery,
  drawer,
  field,
  fill,
  form,
  health,
  menuItem,
  open,
  openItem,
  openRule,
  refusalOf,
  save,
  saveDrawer,
  saveSettings,
  startTarget,
  unfold,
  writeRaw,
} from './studio.ts'
import { createStudioStage } from './studio-stage.ts'

interface Row extends Record<string, unknown> {
  id: string
}

const TARGETS = 'cache_flush_targets'
const KEY = 'key of the web site'

describe.skipIf(!hasBrowser())('the form of a target, on Directus 12', () => {
  let api: Api
  let receiver: Receiver
  let page: Page

  beforeAll(async () => {
    const stage = await createStudioStage('12')
    api = stage.api
    receiver = stage.receiver
    page = stage.page
    await api.items('directus_users').create({ first_name: 'Mira', last_name: 'Feld', email: 'mira@example.com' })
  })

  it('stores what somebody would have written as JSON', async () => {
    await startTarget(page, { Name: 'Web site', URL: receiver.url, Key: KEY })
    await addRule(page, 'Posts')
    await checkbox(field(drawer(page), 'When'), 'Deleted').click()
    const fields = field(drawer(page), 'Fields')
    for (const name of ['Title', 'Slug']) await checkbox(fields, name).click()
    await unfold(fields, 'Author')
    await checkbox(fields, 'Name').click()
    const filter = field(drawer(page), 'Only')
    await filter.getByText('Add Filter').click()
    await menuItem(page, 'Status').click()
    await filter.getByText('Select...').click()
    await menuItem(page, 'Published').click()
    await checkbox(field(drawer(page), 'Old'), 'Slug').click()
    await saveDrawer(page)
    await form(page).getByRole('button', { name: 'Add Existing' }).click()
    await drawer(page).locator('tbody tr', { hasText: 'Mira' }).click()
    await saveDrawer(page)
    await save(page)

    const [row] = await api.items(TARGETS).list<Row>({ fields: '*,users_notification.directus_users_id.first_name' })
    expect(row).toMatchObject({
      name: 'Web site',
      status: 'published',
      url: receiver.url,
      auth_header: 'bearer',
      format: null,
      whole_collection: false,
      users_notification: [{ directus_users_id: { first_name: 'Mira' } }],
    })
    expect(row!['schema']).toEqual([
      {
        collection: 'posts',
        events: ['create', 'update'],
        payload: ['title', 'slug', 'author.name'],
        filter: { _and: [{ status: { _eq: 'published' } }] },
        previous: ['slug'],
      },
    ])
  })

  it('sends an edit that was made in the Studio, with the key, and shows the delivery on the page that is open', async () => {
    await page.locator('main tbody tr', { hasText: 'Web site' }).click()
    await health(page, 'Fresh').waitFor()
    await page.evaluate(() => void Object.assign(globalThis, { notReloaded: true }))

    const editor = await page.context().newPage()
    await editor.goto(page.url())
    await openItem(editor, 'posts', 1)
    await fill(form(editor), { Title: 'Harbour at first light', Slug: 'harbour-at-first-light' })
    await save(editor)
    const [request] = await receiver.until((all) => all.length > 0 && all)
    expect(request!.headers['authorization']).toBe(`Bearer ${KEY}`)
    expect(request!.body).toEqual([
      {
        collection: 'posts',
        event: 'update',
        fields: { id: 1, title: 'Harbour at first light', slug: 'harbour-at-first-light', author: { name: 'Ada Nakamura' } },
        timestamp: expect.any(Number),
        previous: { slug: 'harbour-at-dawn' },
      },
    ])

    await delivery(page, /Delivered\s*200.*posts 1 updated/s).waitFor()
    expect(await page.evaluate(() => 'notReloaded' in globalThis)).toBe(true)
    await editor.close()
  })

  it('says what is wrong with a url, and saves nothing', async () => {
    await startTarget(page, { Name: 'Shop', URL: 'shop.example/flush', Key: KEY })
    await addRule(page, 'Posts')
    await saveDrawer(page)
    expect(await refusalOf(page)).toContain('url: is not a url: write it whole, such as https://site.example/api/flush')
    expect(await api.items(TARGETS).list()).toHaveLength(1)
    await fill(form(page), { URL: 'https://shop.example/flush' })
  })

  it('says which field is secret, and saves nothing', async () => {
    await openRule(page, 'posts')
    await choose(field(drawer(page), 'Collection'), 'Directus Users')
    await writeRaw(field(drawer(page), 'Fields'), ['first_name', 'password'])
    await saveDrawer(page)
    expect(await refusalOf(page)).toContain(
      'schema[0].payload[1]: "directus_users.password" is concealed, hashed or encrypted, and is never sent',
    )
    expect(await api.items(TARGETS).list()).toHaveLength(1)
  })

  it('says which fields another collection does not have, until they are cleared', async () => {
    await openRule(page, 'directus_users')
    await choose(field(drawer(page), 'Collection'), 'Authors')
    await saveDrawer(page)
    expect(await refusalOf(page)).toContain('schema[0].payload[0]: "authors" has no field "first_name"')
    expect(await api.items(TARGETS).list()).toHaveLength(1)

    await openRule(page, 'authors')
    await field(drawer(page), 'Fields').locator('.field-name').click()
    await menuItem(page, 'Clear Value').click()
    await saveDrawer(page)
    await save(page)
    const [row] = await api.items(TARGETS).list<Row>({ filter: { name: { _eq: 'Shop' } } })
    expect(row!['schema']).toMatchObject([{ collection: 'authors', events: ['create', 'update', 'delete'] }])
  })

  it('keeps what it does not show: further keys, the asterisk, paths through lists', async () => {
    const rule = {
      collection: 'posts',
      events: ['create', 'update'],
      payload: ['*', 'author.name', 'comments.text'],
      'x-note': 'mine',
    }
    const rest = { status: 'draft', url: receiver.url, api_key: KEY }
    const { id } = await api.items(TARGETS).create<Row>({ name: 'By hand', schema: [rule], ...rest })
    const stored = async () => (await api.items(TARGETS).read<Row>(id))['schema']

    await openItem(page, TARGETS, id)
    await fill(form(page), { Name: 'By hand and form' })
    await save(page)
    expect(await stored()).toEqual([rule])

    await openItem(page, TARGETS, id)
    await openRule(page, 'posts')
    await checkbox(field(drawer(page), 'When'), 'Deleted').click()
    await checkbox(field(drawer(page), 'Fields'), 'Body').click()
    await saveDrawer(page)
    await save(page)
    const events = ['create', 'update', 'delete']
    expect(await stored()).toEqual([{ ...rule, events, payload: [...rule.payload, 'body'] }])
  })

  it('still works after somebody has changed it in the Data Model', async () => {
    await open(page, `settings/data-model/${TARGETS}/schema`)
    await drawer(page).getByText('Interface', { exact: true }).first().click()
    await drawer(page).locator('.v-list-item', { hasText: 'payload' }).click()
    await fill(drawer(page).last(), { Note: 'Ask Ada before you change this' })
    await drawer(page).last().getByRole('button', { name: 'Save' }).click()
    await drawer(page).nth(1).waitFor({ state: 'hidden' })
    await saveSettings(page)

    await open(page, 'content')
    await startTarget(page, { Name: 'Later', URL: receiver.url, Key: KEY })
    await addRule(page, 'Posts')
    await drawer(page).getByText('Ask Ada before you change this').waitFor()
    await checkbox(field(drawer(page), 'When'), 'Updated').click()
    await checkbox(field(drawer(page), 'Fields'), 'Title').click()
    await saveDrawer(page)
    await save(page)
    const [row] = await api.items(TARGETS).list<Row>({ filter: { name: { _eq: 'Later' } } })
    expect(row!['schema']).toEqual([{ collection: 'posts', events: ['update'], payload: ['title'] }])
  })
})
