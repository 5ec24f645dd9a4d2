/** Many edits at once over REST, which may break off at any moment, and whether a front end knows of all of them. */
import type { Api, FlushEvent, Receiver } from '../harness/index.ts'
import { until } from '../until.ts'

interface Post {
  id: number
  title: string
}

export interface Burst {
  /** Ids of items of which something was acknowledged. */
  readonly items: ReadonlySet<number>
  /** Resolves when so many edits have been acknowledged. */
  acknowledged(count: number): Promise<void>
  /** Resolves when nobody edits any more: each of them ends when it is told to, or when its server is gone. */
  end(): Promise<void>
}

/** Ten editors, on these servers by turns. Each creates items of its own, edits them in two ways, and deletes every third. */
export function startBurst(apis: readonly Api[], name: string): Burst {
  const items = new Set<number>()
  const waiting = new Set<() => void>()
  let count = 0
  let ending = false

  const acknowledge = (id: number) => {
    items.add(id)
    count++
    for (const look of waiting) look()
  }

  async function edit(api: Api, editor: number): Promise<void> {
    const posts = api.items('posts')
    for (let n = 0; !ending; n++) {
      const title = `${name} ${editor}.${n}`
      const { id } = await posts.create<Post>({ title })
      acknowledge(id)
      await posts.update(id, { title: `${title} b` })
      acknowledge(id)
      await posts.updateBatch([{ id, title: `${title} c` }])
      acknowledge(id)
      if (n % 3 !== 2) continue
      await posts.remove(id)
      acknowledge(id)
    }
  }

  const editors = Array.from({ length: 10 }, (_, editor) =>
    // Whoever loses the connection does not know whether the last edit was made.
    edit(apis[editor % apis.length] as Api, editor).catch((error) => {
      if (error.status !== undefined) throw error
    }),
  )
  return {
    items,
    acknowledged: (wanted) =>
      new Promise((resolve) => {
        const look = () => {
          if (count < wanted) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
    async end() {
      ending = true
      await Promise.all(editors)
    },
  }
}

/** Waits until the last that was told of each item is what Directus has: of all that are there, and of all that ever were. */
export async function allIsKnown(api: Api, receiver: Receiver, ever: ReadonlySet<number>, patienceMs = 30_000): Promise<void> {
  const stale = (posts: readonly Post[]): string[] => {
    const there = new Map(posts.map(({ id, title }) => [id, title]))
    const last = new Map(receiver.events<FlushEvent>().map((event) => [Number(event.fields.id), event]))
    return [...new Set([...there.keys(), ...ever])].flatMap((id) => {
      const told = last.get(id)?.event === 'delete' ? 'gone' : last.get(id)?.fields['title']
      const is = there.get(id) ?? 'gone'
      return told === is ? [] : [`${id} is ${is}, and told as ${told}`]
    })
  }
  const ask = async () => stale(await api.items('posts').list<Post>())
  await until(ask, (list) => list.length === 0, patienceMs)
}
