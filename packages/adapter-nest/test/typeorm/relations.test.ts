import type { EntitySchema } from 'typeorm'
import { describe, expect, it } from 'vitest'
import { type Stage, type StageOptions, stage, type TypeOrm, VERSIONS } from './stage.ts'

interface List {
  id: number
  items: Item[]
}

interface Item {
  id: number
  name: string | null
  listId: number | null
  list: List | null
  owner: Promise<List | null>
  version: number
  changedAt: Date
}

/** Items of lists: by a foreign key that is a property, too, and by one that is loaded when it is looked at. */
function schemasOf({ EntitySchema }: TypeOrm): EntitySchema[] {
  const id = { type: Number, primary: true, generated: true } as const
  const list = new EntitySchema<List>({
    name: 'List',
    tableName: 'lists',
    columns: { id },
    relations: { items: { type: 'one-to-many', target: 'Item', inverseSide: 'list', cascade: true } },
  })
  const item = new EntitySchema<Item>({
    name: 'Item',
    tableName: 'items',
    columns: {
      id,
      name: { type: 'varchar', nullable: true },
      listId: { type: Number, nullable: true },
      version: { type: Number, version: true },
      changedAt: { type: Date, updateDate: true },
    },
    relations: {
      list: { type: 'many-to-one', target: 'List', inverseSide: 'items', nullable: true, joinColumn: { name: 'listId' } },
      owner: { type: 'many-to-one', target: 'List', lazy: true, nullable: true, joinColumn: { name: 'owner' } },
    },
  })
  return [list, item] as EntitySchema[]
}

const rules: StageOptions['rules'] = [{ collection: 'items', payload: ['*'], previous: ['name', 'listId', 'list', 'owner'] }]
const open = (copy: TypeOrm): Promise<Stage> => stage(copy, { dialect: 'sqlite' }, { schemas: schemasOf(copy), rules })

describe.each(VERSIONS)('the relations of an item of %s', (_, copy) => {
  it('are those that it has got from a list that was saved with it', async () => {
    const here = await open(copy)
    const lists = here.dataSource.getRepository<List>('List')
    const list = await lists.save({ items: [{ name: 'one' }, { name: 'two' }] })
    expect(here.published.flat()).toMatchObject([
      { event: 'create', key: 1, fields: { name: 'one', list: 1, listId: 1, owner: null, version: 1 } },
      { event: 'create', key: 2, fields: { name: 'two', list: 1, listId: 1, owner: null, version: 1 } },
    ])
    here.published.length = 0
    const items = here.dataSource.getRepository<Item>('Item')
    const three = await items.save({ name: 'three' })
    const [one] = list.items as [Item]
    await lists.save({ id: 1, items: [one, { id: three.id, name: 'new' }] })
    expect(here.published.flat().filter(({ event }) => event === 'update')).toMatchObject([
      { key: 2, fields: { name: 'two', list: null, listId: null, version: 2 }, previous: { name: 'two', list: 1, listId: 1 } },
      { key: 3, fields: { name: 'new', list: 1, listId: 1, version: 2 }, previous: { name: 'three', list: null, listId: null } },
    ])
  })

  it('are read where nobody looks, without loading what is loaded when it is looked at', async () => {
    const here = await open(copy)
    const lists = here.dataSource.getRepository<List>('List')
    const [first, second] = await lists.save([{}, {}])
    const items = here.dataSource.getRepository<Item>('Item')
    const item = items.create({ name: 'one' })
    item.owner = Promise.resolve(first as List)
    await items.save(item)
    expect(here.published.flat()).toMatchObject([{ event: 'create', fields: { owner: 1 } }])
    const loaded = await items.findOneByOrFail({ id: item.id })
    loaded.name = 'two'
    here.statements.length = 0
    await items.save(loaded)
    // TypeORM itself looks once.
    expect(here.statements.filter((sql) => sql.includes('lists'))).toHaveLength(1)
    expect(here.published.flat()[1]).toMatchObject({ fields: { name: 'two', owner: 1 }, previous: { name: 'one', owner: 1 } })
    loaded.owner = Promise.resolve(second as List)
    await items.save(loaded)
    expect(here.published.flat()[2]).toMatchObject({ fields: { owner: 2 }, previous: { owner: 1 } })
    await items.update(item.id, { list: second as List })
    expect(here.published.flat()[3]).toMatchObject({ fields: { listId: 2, list: 2 }, previous: { listId: null, list: null } })
    await items.remove(loaded)
    expect(here.published.flat()[4]).toMatchObject({ event: 'delete', key: 1, fields: { name: 'two', owner: 2, list: 2 } })
  })

  it('and what the database counts are as they are written', async () => {
    const here = await open(copy)
    const items = here.dataSource.getRepository<Item>('Item')
    const item = await items.save({ name: 'one' })
    await items.save({ id: item.id, name: 'two' })
    await items.save({ id: item.id, name: () => "'three'" } as never)
    await items.update(item.id, { name: null })
    expect(here.published.flat().map(({ fields }) => [fields?.['name'], fields?.['version']])).toEqual([
      ['one', 1],
      ['two', 2],
      ['three', 3],
      [null, 4],
    ])
    expect(here.published.flat().every(({ fields }) => fields?.['changedAt'] instanceof Date)).toBe(true)
  })
})
