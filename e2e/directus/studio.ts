/** The Studio of a real Directus in a browser, used as a person uses it. */
import type { Locator, Page, Response } from 'playwright-core'
import { expect } from 'vitest'
import type { Browser } from '../browser.ts'
import type { Directus } from './harness/index.ts'

/** Signs in by the form, and is past what the Studio asks first of all. */
export async function signIn(
  { context }: Browser,
  directus: Pick<Directus, 'url' | 'version' | 'adminEmail' | 'adminPassword'>,
): Promise<Page> {
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  // The sign-in page has a moving background, which takes a browser without a graphics card seconds for each frame.
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.goto(`${directus.url}/admin/login`)
  await page.locator('input[type=email]').fill(directus.adminEmail)
  await page.locator('input[type=password]').fill(directus.adminPassword)
  await page.getByRole('button', { name: 'Sign In' }).click()
  // It asks for a licence key (from 12 on), and for who owns the project.
  if (directus.version.startsWith('12')) await page.getByRole('button', { name: 'Skip', exact: true }).click()
  await page.getByRole('button', { name: 'Remind Later', exact: true }).click()
  await page.getByRole('link', { name: 'Cache Flush Targets' }).waitFor()
  return page
}

export const open = (page: Page, path: string): Promise<unknown> => page.goto(new URL(`/admin/${path}`, page.url()).href)

/** Opens the page of an item, and waits until its form has what is stored. */
export async function openItem(page: Page, collection: string, id: string | number): Promise<void> {
  const read = page.waitForResponse((response) => new URL(response.url()).pathname === `/items/${collection}/${id}`)
  await open(page, `content/${collection}/${id}`)
  await (await read).finished()
}

/** The form of the page, and the one in the drawer above it. */
export const form = (page: Page): Locator => page.locator('main')
export const drawer = (page: Page): Locator => page.locator('.v-drawer')

/** The field with a label that begins so. */
export function field(within: Locator, label: string): Locator {
  const page = within.page()
  return within.locator('.field', { has: page.locator('.field-label', { hasText: new RegExp(`^\\s*${label}`) }) })
}

export async function fill(within: Locator, values: Record<string, string>): Promise<void> {
  for (const [label, value] of Object.entries(values)) await field(within, label).locator('input').fill(value)
}

/** Opens the list of a field, and chooses from it. */
export async function choose(within: Locator, text: string): Promise<void> {
  await within.locator('.interface .v-input').first().click()
  await menuItem(within.page(), text).click()
}

export const menuItem = (page: Page, text: string): Locator => page.locator('.v-menu-content').getByText(text, { exact: true })

export const checkbox = (within: Locator, text: string): Locator =>
  within.locator('[role=checkbox]', { hasText: new RegExp(`^\\s*${text}\\s*$`) })

/** A word in Directus 12, a tick in 11. */
const saveButton = (within: Locator): Locator =>
  within.getByRole('button', { name: 'Save', exact: true }).or(within.locator('button:has([data-icon=check])')).first()

/** Saves what the drawer shows into the form of the page. */
export async function saveDrawer(page: Page): Promise<void> {
  await saveButton(drawer(page)).click()
  await drawer(page).waitFor({ state: 'hidden' })
}

/** Saves the item of the page. */
export async function save(page: Page): Promise<void> {
  expect((await pressSave(page)).status()).toBe(200)
  // It goes back to the list.
  await page.locator('main .field').first().waitFor({ state: 'hidden' })
}

/** Tries to save; answers what the Studio says of it, with the dialog closed again. */
export async function refusalOf(page: Page): Promise<string> {
  expect((await pressSave(page)).status()).toBe(400)
  const dialog = page.locator('#dialog-outlet .v-card')
  const said = await dialog.textContent()
  await dialog.getByRole('button', { name: 'Dismiss' }).click()
  await dialog.waitFor({ state: 'hidden' })
  return said ?? ''
}

async function pressSave(page: Page, where: Locator = page.locator('header')): Promise<Response> {
  const saved = page.waitForResponse((response) => {
    const { pathname } = new URL(response.url())
    return ['POST', 'PATCH'].includes(response.request().method()) && /^\/(items|fields)\//.test(pathname)
  })
  await saveButton(where).click()
  return saved
}

/** Saves the settings of a field, which the last drawer shows. */
export async function saveSettings(page: Page): Promise<void> {
  expect((await pressSave(page, drawer(page).last())).status()).toBe(200)
  await drawer(page).waitFor({ state: 'hidden' })
}

/** Writes the JSON of a field by hand. */
export async function writeRaw(within: Locator, json: unknown): Promise<void> {
  const page = within.page()
  await within.locator('.field-name').click()
  await menuItem(page, 'Edit Raw Value').click()
  const dialog = page.locator('#dialog-outlet .v-card')
  await dialog.locator('.CodeMirror').click()
  await page.keyboard.press('Control+A')
  await page.keyboard.insertText(JSON.stringify(json))
  await dialog.getByRole('button', { name: 'Done' }).click()
  await dialog.waitFor({ state: 'hidden' })
}

/** Fills the form of a new target, up to its rules. */
export async function startTarget(page: Page, values: { Name: string; URL: string; Key: string }): Promise<void> {
  await page.getByRole('link', { name: 'Cache Flush Targets' }).click()
  await page.locator('a[href$="/cache_flush_targets/+"]').first().click()
  await fill(form(page), values)
  await choose(field(form(page), 'Status'), 'Published')
}

/** Opens a new rule of that collection in the drawer. */
export async function addRule(page: Page, collection: string): Promise<void> {
  await form(page).getByRole('button', { name: 'Add a collection' }).click()
  await choose(field(drawer(page), 'Collection'), collection)
}

/** The tree of fields below a relational one. */
export async function unfold(tree: Locator, name: string): Promise<void> {
  await tree.locator('li', { hasText: name }).locator('.activator-icon button').click()
}

/** Opens the rule of that collection in the drawer. */
export async function openRule(page: Page, collection: string): Promise<void> {
  await field(form(page), 'Rules').locator('.v-list-item', { hasText: collection }).click()
  await field(drawer(page), 'Collection').waitFor()
}

/** On the page of a target: how it is doing, and one of its last deliveries. */
export const health = (page: Page, text: string | RegExp): Locator => page.locator('.unstale-target .headline', { hasText: text })
export const delivery = (page: Page, text: string | RegExp): Locator =>
  page.locator('.unstale-target .deliveries tbody', { hasText: text }).first()
