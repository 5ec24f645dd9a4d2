import { Controller, Get, Injectable, SetMetadata } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { describe, expect, it } from 'vitest'
import { EmitsChange, UnstaleModule } from '../../src/index.ts'
import { application, wired } from './stage.ts'

interface Post {
  id: number
  slug: string
  title: string
}

class SlugTaken extends Error {}

@Injectable()
class Posts {
  @EmitsChange({ collection: 'posts', event: 'create' })
  async create(post: Post): Promise<Post> {
    return post
  }

  @EmitsChange<Post, [number, Partial<Post>]>({
    collection: 'posts',
    event: 'update',
    key: (_post, id) => id,
    fields: ['slug'],
    previous: (_post, _id, { slug }) => ({ slug: `${slug}-old` }),
  })
  async update(id: number, changed: Partial<Post>): Promise<Post> {
    if (changed.slug === 'taken') throw new SlugTaken()
    return { id: id + 1000, slug: '', title: '', ...changed }
  }

  @EmitsChange<void, [number]>({ collection: 'posts', event: 'delete', key: (_nothing, id) => id })
  async remove(_id: number): Promise<void> {}

  @EmitsChange({ collection: 'posts', event: 'update' })
  async publishAll(): Promise<Post[]> {
    return [1, 2, 3].map((id) => ({ id, slug: `${id}`, title: '' }))
  }

  @EmitsChange({ collection: 'posts', event: 'update' })
  async findAndTouch(): Promise<Post | null> {
    return null
  }

  @EmitsChange({ collection: 'posts', event: 'update' })
  async count(): Promise<{ id: bigint; slug: string; title: bigint }> {
    return { id: 7n, slug: 'a', title: 9n }
  }

  @EmitsChange({ collection: 'posts', event: 'update', key: 'uuid' })
  async misconfigured(): Promise<Post> {
    return { id: 1, slug: 'secret-slug', title: '' }
  }
}

async function posts() {
  const { options, arrived, transport } = wired()
  const { get } = await application({ imports: [UnstaleModule.forRoot(options)], providers: [Posts] })
  return { posts: get(Posts), arrived, transport }
}

describe('@EmitsChange', () => {
  it('publishes a bigint, which ORMs have for large keys, as its text', async () => {
    const { posts: service, arrived } = await posts()
    await service.count()
    expect(await arrived(1)).toMatchObject([{ fields: { id: '7', slug: 'a', title: '9' } }])
  })

  it('publishes what the method resolved to, by its id, and hands it on', async () => {
    const { posts: service, arrived } = await posts()
    const post = { id: 1, slug: 'a', title: 'A' }
    expect(await service.create(post)).toBe(post)
    expect(await arrived(1)).toMatchObject([{ event: 'create', fields: post }])
  })

  it('picks key, fields and old values from the result and the arguments', async () => {
    const { posts: service, arrived } = await posts()
    await service.update(4, { slug: 'b', title: 'B' })
    const [sent] = await arrived(1)
    expect(sent).toMatchObject({ event: 'update', fields: { id: 4, slug: 'b' }, previous: { slug: 'b-old' } })
    expect(sent?.fields).not.toHaveProperty('title', 'B')
  })

  it('publishes nothing if the method threw', async () => {
    const { posts: service, arrived } = await posts()
    await expect(service.update(4, { slug: 'taken' })).rejects.toBeInstanceOf(SlugTaken)
    await service.remove(5)
    expect(await arrived(1)).toMatchObject([{ event: 'delete', fields: { id: 5 } }])
  })

  it('publishes each item of an array', async () => {
    const { posts: service, arrived } = await posts()
    await service.publishAll()
    expect((await arrived(3)).map(({ fields }) => fields['id'])).toEqual([1, 2, 3])
  })

  it('publishes nothing for null: nothing was found, nothing changed', async () => {
    const { posts: service, arrived } = await posts()
    expect(await service.findAndTouch()).toBeNull()
    await service.remove(6)
    expect(await arrived(1)).toHaveLength(1)
  })

  it('says so if its key picks nothing, without a value', async () => {
    const { posts: service } = await posts()
    const failed = (await service.misconfigured().catch((error: unknown) => error)) as Error & { code: string }
    expect(failed.code).toBe('CHANGE_INVALID')
    expect(failed.message).toMatch(
      /@EmitsChange of Posts\.misconfigured\(\): key 'uuid' picks no primary key .*an object with id, slug, title/,
    )
    expect(failed.message).not.toContain('secret-slug')
  })

  it('keeps what other decorators wrote: routes, guards', async () => {
    @Controller('posts')
    class PostsController {
      @EmitsChange({ collection: 'posts', event: 'update' })
      @SetMetadata('roles', ['editor'])
      @Get('touch')
      async touch(): Promise<Post> {
        return { id: 8, slug: 'h', title: '' }
      }
    }
    const { options, arrived } = wired()
    const { app } = await application({ imports: [UnstaleModule.forRoot(options)], controllers: [PostsController] })
    expect(Reflect.getMetadata('roles', PostsController.prototype.touch)).toEqual(['editor'])
    expect(PostsController.prototype.touch.name).toBe('touch')
    await app.listen(0, '127.0.0.1')
    expect((await fetch(`${await app.getUrl()}/posts/touch`)).status).toBe(200)
    expect(await arrived(1)).toMatchObject([{ fields: { id: 8 } }])
  })

  it('is told at the bootstrap that the module is missing', async () => {
    const compiled = Test.createTestingModule({ providers: [Posts] }).compile()
    await expect(compiled).rejects.toThrow(/ChangePublisher/)
  })

  it('says how an object that Nest has not made can get its publisher, before the method runs', async () => {
    await expect(new Posts().create({ id: 1, slug: '', title: '' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('let Nest make the object'),
    })
  })

  it.each([
    [{ collection: '', event: 'create' }, /collection has to be a name/],
    [{ collection: 'posts', event: 'created' }, /event has to be 'create', 'update' or 'delete'/],
  ])('refuses options that are wrong where it is written: %j', (options, message) => {
    const decorate = () => EmitsChange(options as never)({ constructor: Posts }, 'create', { value: async () => {} } as never)
    expect(decorate).toThrow(message)
  })
})
