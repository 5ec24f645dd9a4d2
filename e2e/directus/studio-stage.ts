/** A blog in a real Directus, somebody who is signed in to its Studio, and a front end that listens. */
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeEach, expect } from 'vitest'
import { createContent } from '../../examples/directus/src/content.ts'
import { type Browser, openBrowser } from '../browser.ts'
import { root } from '../pack.ts'
import {
  type Api,
  createCollection,
  createManyToOne,
  type DirectusInTests,
  type DirectusVersion,
  directusInTests,
  type Receiver,
  receiverInTests,
} from './harness/index.ts'
import { extension } from './stage.ts'
import { signIn } from './studio.ts'

export interface StudioStage {
  directus: DirectusInTests
  api: Api
  receiver: Receiver
  browser: Browser
  page: Page
}

const open: StudioStage[] = []
const thrown: string[] = []

afterAll(() => Promise.all(open.map(({ browser }) => browser.close())))

beforeEach(({ onTestFailed, task }) => {
  onTestFailed(async () => {
    const pages = open.flatMap(({ browser }) => browser.context.pages()).filter((page) => page.url() !== 'about:blank')
    for (const [index, page] of pages.entries()) {
      const path = join(root, '.unstale', 'e2e', 'failures', `${task.name.replaceAll(/\W+/g, '-')}-${index + 1}.png`)
      await page.screenshot({ path })
      console.log(`What a page showed: ${path}`)
    }
  })
})

afterEach(() => expect(thrown.splice(0)).toEqual([]))

export async function createStudioStage(version: DirectusVersion = '12'): Promise<StudioStage> {
  const directus = await directusInTests({ version, extensions: [extension()] })
  const { api } = directus
  await createContent(api)
  await createCollection(api, { name: 'comments', fields: [{ field: 'text', type: 'string', meta: { interface: 'input' } }] })
  await createManyToOne(api, { collection: 'comments', field: 'post', related: 'posts', onDelete: 'CASCADE', list: 'comments' })
  const receiver = await receiverInTests()
  const browser = await openBrowser()
  browser.context.on('weberror', (error) => thrown.push(String(error.error())))
  const page = await signIn(browser, directus)
  const stage = { directus, api, receiver, browser, page }
  open.push(stage)
  return stage
}
