import { describe, expect, it } from 'vitest'
import { hasBrowser } from '../browser.ts'
import {
  addRule,
  checkbox,
  delivery,
  drawer,
  field,
  fill,
  form,
  health,
  openItem,
  save,
  saveDrawer,
  startTarget,
} from './studio.ts'
import { createStudioStage } from './studio-stage.ts'

describe.skipIf(!hasBrowser())('the form of a target, on Directus 11', () => {
  it('makes a target that hears of an edit, and whose page shows the delivery', async () => {
    const { api, receiver, page } = await createStudioStage('11')
    await startTarget(page, { Name: 'Web site', URL: receiver.url, Key: 'key of the web site' })
    await addRule(page, 'Posts')
    await checkbox(field(drawer(page), 'Fields'), 'Title').click()
    await saveDrawer(page)
    await save(page)
    const [row] = await api.items('cache_flush_targets').list()
    const rule = { collection: 'posts', events: ['create', 'update', 'delete'], payload: ['title'] }
    expect(row).toMatchObject({ name: 'Web site', status: 'published', schema: [rule] })

    await page.locator('main tbody tr', { hasText: 'Web site' }).click()
    await health(page, 'Fresh').waitFor()
    const editor = await page.context().newPage()
    await editor.goto(page.url())
    await openItem(editor, 'posts', 2)
    await fill(form(editor), { Title: 'Orchard in the sun' })
    await save(editor)
    const event = await receiver.untilEvent(({ collection }) => collection === 'posts')
    expect(event).toMatchObject({ event: 'update', fields: { id: 2, title: 'Orchard in the sun' } })
    await delivery(page, /Delivered\s*200.*posts 2 updated/s).waitFor()
  })
})
