import { expect, it } from 'vitest'
import { withService } from '../../tools/services/in-tests.ts'
import { createOneByOne, startWithTarget } from './life.ts'
import { linesOf } from './log-lines.ts'
import { hold } from './past-directus.ts'
import { heard } from './stage.ts'

await withService('postgres', ({ url: server }) => {
  it('what is being saved while Directus is told to stop is delivered after the next start', async () => {
    const { directus, api, receiver } = await startWithTarget({ SERVER_SHUTDOWN_TIMEOUT: '20000' }, { server })
    await createOneByOne(api, receiver, ['before'])
    const posts = await hold(directus.database, 'posts')
    const saved = api.items('posts').create({ title: 'saved meanwhile' })
    await posts.awaited()
    const since = directus.log().length
    const stopped = directus.stop()
    await directus.waitForLog(/Shutting down/i, { since })
    await posts.release()
    expect(await saved).toMatchObject({ title: 'saved meanwhile' })
    await stopped
    await directus.restart()
    await heard(receiver, { event: 'create', fields: { title: 'saved meanwhile' } })
    expect(linesOf(directus)).toEqual([])
    await directus.stop()
  })
})
