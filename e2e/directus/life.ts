/** A Directus that is started, stopped and reloaded, and a front end that counts what it is told. */
import {
  type Api,
  type DirectusInTests,
  directusInTests,
  type FlushEvent,
  type InTestsOptions,
  type Receiver,
  receiverInTests,
} from './harness/index.ts'
import { createBlog, createTarget, extension } from './stage.ts'

export const POSTS = [{ collection: 'posts', payload: ['title'] }]

/** One with a blog, and a target that hears of its posts. */
export async function startWithTarget(
  env: Record<string, string> = {},
  options: InTestsOptions = {},
): Promise<{ directus: DirectusInTests; api: Api; receiver: Receiver }> {
  const directus = await directusInTests({ ...options, extensions: [extension()], env })
  const receiver = await receiverInTests()
  await createBlog(directus.api)
  await createTarget(directus.api, receiver.url, POSTS)
  return { directus, api: directus.api, receiver }
}

/** How often each title has come, once that of the last has. */
export async function countOf(receiver: Receiver, last: string): Promise<Record<string, number>> {
  await receiver.untilEvent(({ fields }) => fields['title'] === last)
  const counts: Record<string, number> = {}
  for (const { fields } of receiver.events<FlushEvent>())
    counts[String(fields['title'])] = (counts[String(fields['title'])] ?? 0) + 1
  return counts
}

/** Each after the one before has been told, so that one that is told twice is seen. */
export async function createOneByOne(api: Api, receiver: Receiver, titles: readonly string[]): Promise<void> {
  for (const title of titles) {
    await api.items('posts').create({ title })
    await receiver.untilEvent(({ fields }) => fields['title'] === title)
  }
}
