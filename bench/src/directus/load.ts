import type { Api } from '../../../examples/directus/src/api.ts'
import { monotonic } from '../measure.ts'

/** Saves one after another in each of `concurrency` lanes, creates and edits in turn. Answers the milliseconds of each. */
export async function save(api: Api, { count, concurrency }: { count: number; concurrency: number }): Promise<number[]> {
  const took: number[] = []
  let left = count
  const lane = async () => {
    let id: number | undefined
    while (left-- > 0) {
      const title = `title ${left}`
      const from = monotonic()
      if (id === undefined)
        id = (await api.items('posts').create<{ id: number }>({ title, slug: `s-${left}`, status: 'draft' })).id
      else {
        await api.items('posts').update(id, { title })
        took.push(monotonic() - from)
        id = undefined
        continue
      }
      took.push(monotonic() - from)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
  return took
}
