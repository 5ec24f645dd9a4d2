/** The entities of the tests, as schemas: those of both copies of TypeORM from one text. */
import type { EntitySchema } from 'typeorm'
import type { TypeOrm } from './stage.ts'

export interface Post {
  id: number
  title: string
  slug: string | null
  status: string
  views: number
  secret?: string
  meta?: { city: string | null; zip: string | null }
  author?: Author | null
  tags?: Tag[]
  deletedAt?: Date | null
}

export interface Author {
  id: string
  name: string
  posts?: Post[]
}

export interface Tag {
  id: number
  name: string
  posts?: Post[]
}

/** Composite key, and a column that the entity has as an array and the row as a text. */
export interface Note {
  lang: string
  slug: string
  words: string[]
}

/** Its key is a bigint. */
export interface Spot {
  id: string
  name: string
  opened?: Date
}

export class Animal {
  id!: number
  name!: string
}
export class Cat extends Animal {
  lives!: number
}
export class Dog extends Animal {
  tricks!: string | null
}

const words = { to: (all?: string[]) => all?.join(' '), from: (text?: string) => text?.split(' ') }

export function schemas({ EntitySchema }: TypeOrm): EntitySchema[] {
  const id = { type: Number, primary: true, generated: true } as const
  const text = { type: 'varchar', length: 100 } as const
  const meta = new EntitySchema({
    name: 'Meta',
    columns: { city: { ...text, nullable: true }, zip: { ...text, nullable: true } },
  })
  const post = new EntitySchema<Post>({
    name: 'Post',
    tableName: 'posts',
    columns: {
      id,
      title: text,
      slug: { ...text, nullable: true, unique: true },
      status: { ...text, default: 'draft' },
      views: { type: Number, default: 0 },
      secret: { ...text, nullable: true, select: false },
      deletedAt: { type: Date, deleteDate: true, nullable: true },
    },
    embeddeds: { meta: { schema: meta, prefix: 'meta_' } },
    relations: {
      author: { type: 'many-to-one', target: 'Author', inverseSide: 'posts', nullable: true, joinColumn: { name: 'writer' } },
      tags: { type: 'many-to-many', target: 'Tag', inverseSide: 'posts', joinTable: { name: 'posts_tags' }, cascade: ['insert'] },
    },
  })
  const author = new EntitySchema<Author>({
    name: 'Author',
    tableName: 'authors',
    columns: { id: { type: 'uuid', primary: true, generated: 'uuid' }, name: text },
    relations: { posts: { type: 'one-to-many', target: 'Post', inverseSide: 'author' } },
  })
  const tag = new EntitySchema<Tag>({
    name: 'Tag',
    tableName: 'tags',
    columns: { id, name: text },
    relations: { posts: { type: 'many-to-many', target: 'Post', inverseSide: 'tags' } },
  })
  const note = new EntitySchema<Note>({
    name: 'Note',
    tableName: 'notes',
    columns: { lang: { ...text, primary: true }, slug: { ...text, primary: true }, words: { ...text, transformer: words } },
  })
  const spot = new EntitySchema<Spot>({
    name: 'Spot',
    tableName: 'spots',
    columns: { id: { type: 'bigint', primary: true }, name: text, opened: { type: Date, nullable: true } },
  })
  const animal = new EntitySchema<Animal>({
    name: 'Animal',
    target: Animal,
    tableName: 'animals',
    columns: { id, name: text, kind: text } as never,
    inheritance: { pattern: 'STI', column: 'kind' },
  })
  const cat = new EntitySchema<Cat>({
    name: 'Cat',
    target: Cat,
    type: 'entity-child',
    discriminatorValue: 'cat',
    columns: { lives: { type: Number, nullable: true } } as never,
  })
  const dog = new EntitySchema<Dog>({
    name: 'Dog',
    target: Dog,
    type: 'entity-child',
    discriminatorValue: 'dog',
    columns: { tricks: { ...text, nullable: true } } as never,
  })
  return [post, author, tag, note, spot, animal, cat, dog] as EntitySchema[]
}
