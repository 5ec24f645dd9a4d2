import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasBrowser, openBrowser } from '../browser.ts'
import { playExample, startExample } from './example.ts'
import { installDirectus } from './harness/index.ts'
import { fill, form, openItem, save, signIn } from './studio.ts'

describe('the example with a Directus', () => {
  let home: string

  beforeAll(async () => {
    await installDirectus('12')
    home = await mkdtemp(join(tmpdir(), 'unstale-example-'))
  })
  afterAll(() => rm(home, { recursive: true, force: true }))

  it('edits a post once, and says after how many milliseconds its page showed that', async () => {
    const { code, stdout, stderr } = await playExample(join(home, 'once'))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('Editing “Harbour at dawn” …')
    expect(stdout).toContain('the front end dropped /, /posts/harbour-at-dawn')
    expect(stdout).toMatch(/Directus saved it in \d+ ms, and \d+ ms later the page showed “Harbour at dawn \(edited .+\)”\.\n$/)
  })

  it.skipIf(!hasBrowser())('an edit in the Studio renders the page anew that somebody has open in the front end', async () => {
    const example = await startExample(join(home, 'kept'))
    const browser = await openBrowser()
    let code: number | null
    try {
      const page = await browser.context.newPage()
      await page.goto(`${example.frontEnd}/posts/orchard-in-the-rain`)
      await page.reload()
      await page.getByText('and came from the cache').waitFor()

      const editor = await signIn(browser, { ...example, url: example.studio, version: '12' })
      await openItem(editor, 'posts', 2)
      await fill(form(editor), { Title: 'Orchard in the sun' })
      await save(editor)
      await page.getByRole('heading', { name: 'Orchard in the sun' }).waitFor()
    } finally {
      await browser.close()
      code = await example.stop()
    }
    expect(code).toBe(0)
  })
})
