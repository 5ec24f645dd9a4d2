import type { ChangeEvent, ChangeInput } from '@unstale/core'
import type { Knex } from 'knex'
import type { Flushes } from './flushes.ts'
import { type Post, slugOf } from './post.ts'
import { seedPosts } from './seed.ts'

export type Draft = Pick<Post, 'title'> & Partial<Pick<Post, 'slug' | 'body' | 'status'>>
export type Edit = Partial<Pick<Post, 'title' | 'slug' | 'body' | 'status'>>

/** What a write did to one post. */
export interface Written {
  event: ChangeEvent
  /** As it is now; for a delete, as it was. */
  post: Post
  /** As it was before an update. */
  before?: Post
}

export interface Posts {
  list(status?: Post['status']): Promise<Post[]>
  bySlug(slug: string): Promise<Post | undefined>
  create(draft: Draft): Promise<Post>
  /** Null: there is no such post. */
  edit(id: number, edit: Edit): Promise<Post | null>
  /** Edits the titles of that many posts in one transaction; answers how many there were. */
  editMany(count: number): Promise<number>
  remove(id: number): Promise<boolean>
}

/** The posts, and with every write its notice. `committed` hears of each write at the instant it is there for readers. */
export async function createPosts(
  knex: Knex,
  { pipeline, transactional }: Flushes,
  committed: (written: readonly Written[], at: number) => void = () => {},
): Promise<Posts> {
  await createTable(knex)

  /** The write and its notice are stored together, or neither is. */
  async function write<T extends Written>(work: (trx: Knex.Transaction) => Promise<T[]>): Promise<T[]> {
    const written = await knex.transaction(async (trx) => {
      const done = await work(trx)
      if (transactional) await pipeline.publish(done.map(toChange), { transaction: trx })
      return done
    })
    if (written.length > 0) committed(written, Date.now())
    // A store in memory knows no transactions: a crash just here would lose the notice.
    if (!transactional) await pipeline.publish(written.map(toChange))
    return written
  }

  async function update(trx: Knex.Transaction, before: Post, edit: Edit): Promise<Written> {
    const changed = { ...edit, revision: before.revision + 1 }
    await trx<Post>('posts').where('id', before.id).update(changed)
    return { event: 'update', post: { ...before, ...changed }, before }
  }

  return {
    list: async (status) =>
      knex<Post>('posts')
        .where(status ? { status } : {})
        .orderBy('id'),

    bySlug: async (slug) => knex<Post>('posts').where('slug', slug).first(),

    async create(draft) {
      const row = { slug: slugOf(draft.title), body: '', status: 'draft', revision: 1, ...draft } as const
      const [written] = await write(async (trx) => {
        const posts = await trx<Post>('posts').insert(row).returning('*')
        return posts.map((post) => ({ event: 'create', post }) as const)
      })
      if (written === undefined) throw new Error('The database did not answer with the post.')
      return written.post
    },

    async edit(id, edit) {
      const [written] = await write(async (trx) => {
        const before = await trx<Post>('posts').where('id', id).first()
        return before ? [await update(trx, before, edit)] : []
      })
      return written?.post ?? null
    },

    async editMany(count) {
      const written = await write(async (trx) => {
        const posts = await trx<Post>('posts').where('status', 'published').orderBy('id').limit(count)
        const done: Written[] = []
        for (const post of posts) done.push(await update(trx, post, { title: numbered(post.title, post.revision + 1) }))
        return done
      })
      return written.length
    },

    async remove(id) {
      const written = await write(async (trx) => {
        const post = await trx<Post>('posts').where('id', id).first()
        await trx<Post>('posts').where('id', id).delete()
        return post ? [{ event: 'delete', post } as const] : []
      })
      return written.length > 0
    },
  }
}

/** The notice: what happened, to which post, and how it was before. */
function toChange({ event, post, before }: Written): ChangeInput {
  return { collection: 'posts', event, key: post.id, fields: { ...post }, ...(before && { previous: { ...before } }) }
}

async function createTable(knex: Knex): Promise<void> {
  if (await knex.schema.hasTable('posts')) return
  await knex.schema.createTable('posts', (posts) => {
    posts.increments('id')
    posts.string('title').notNullable()
    posts.string('slug').notNullable().unique()
    posts.text('body').notNullable()
    posts.string('status').notNullable()
    posts.integer('revision').notNullable()
  })
  await knex.batchInsert('posts', seedPosts())
}

/** `Rye bread` becomes `Rye bread (2)`, that `Rye bread (3)`. */
function numbered(title: string, revision: number): string {
  return `${title.replace(/ \(\d+\)$/, '')} (${revision})`
}
