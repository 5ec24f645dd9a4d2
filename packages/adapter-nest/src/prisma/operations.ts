/** What each operation does, and what is read before and after. */
import { type ChangeEvent, type ChangeInput, type Interest, type ItemKey, PipelineError } from '@unstale/core'
import { fieldsFor, keyOf, type Row, stateOf } from './models.ts'
import { among, lockOne, lockSome, portions, type Reading, whereIn } from './rows.ts'
import type { Provider } from './types.ts'
import { type Args, selecting, widened } from './widened.ts'

/** One operation on one model, in one transaction. */
export interface Work extends Reading {
  previous: 'asked' | 'never'
  interest(event: ChangeEvent): Interest | null
  /** Runs the operation itself, with all that other extensions do to it; or another one in its place. */
  perform(args: Args, operation?: string): Promise<unknown>
  publish(changes: readonly ChangeInput[]): Promise<void>
}

export type Operation =
  | 'create'
  | 'createMany'
  | 'createManyAndReturn'
  | 'update'
  | 'updateMany'
  | 'updateManyAndReturn'
  | 'upsert'
  | 'delete'
  | 'deleteMany'

/** What may become of an operation. */
export const EVENTS_OF: Readonly<Record<Operation, readonly ChangeEvent[]>> = {
  create: ['create'],
  createMany: ['create'],
  createManyAndReturn: ['create'],
  update: ['update'],
  updateMany: ['update'],
  updateManyAndReturn: ['update'],
  upsert: ['create', 'update'],
  delete: ['delete'],
  deleteMany: ['delete'],
}

/** Databases that answer what they have inserted. */
const RETURNING: ReadonlySet<Provider> = new Set(['postgresql', 'cockroachdb', 'sqlite'])

/** Does it and publishes what became of it; answers what the operation answers. */
export const OPERATIONS: Readonly<Record<Operation, (work: Work) => Promise<unknown>>> = {
  create: (work) => returning(work, 'create'),
  createManyAndReturn: (work) => returning(work, 'create'),
  delete: (work) => returning(work, 'delete'),

  async createMany(work) {
    const { model, args, provider, perform, read } = work
    const wanted = selecting([...model.key, ...after(work, 'create')])
    if (RETURNING.has(provider)) {
      const rows = (await perform({ ...args, ...wanted }, 'createManyAndReturn')) as Row[]
      await tell(work, 'create', rows)
      return { count: rows.length }
    }
    const given = [args['data']].flat() as Row[]
    for (const row of given) keyIn(work, row, 'give it to createMany, since the database does not tell which it has made')
    const answer = await perform(args)
    await tell(work, 'create', await read({ where: whereIn(model, given), ...wanted }))
    return answer
  },

  async update(work) {
    const { model, args } = work
    const data = (args['data'] ?? {}) as Row
    const fields = before(work)
    const moves = model.key.some((field) => data[field] !== undefined)
    if (!moves) return returning(work, 'update', fields.length === 0 ? null : await lockOne(work, fields))
    // An item with another key is another item.
    const old = await lockOne(work, [...fields, ...after(work, 'delete')])
    return returning(work, 'update', old, async (row) => {
      if (old === null || keyOf(model, old) === keyOf(model, row)) return false
      await tell(work, 'delete', [old])
      await tell(work, 'create', [row])
      return true
    })
  },

  async upsert(work) {
    const old = await lockOne(work, before(work))
    return returning(work, old === null ? 'create' : 'update', old)
  },

  async updateMany(work) {
    const { model, args, perform, read } = work
    const wanted = selecting([...model.key, ...after(work, 'update')])
    let count = 0
    await eachPortion(work, async (keys, old) => {
      count += ((await perform({ ...withoutLimit(args), where: among(model, args, keys) })) as { count: number }).count
      await tell(work, 'update', await read({ where: whereIn(model, keys), ...wanted }), old)
    })
    return { count }
  },

  async updateManyAndReturn(work) {
    if (before(work).length === 0) return returning(work, 'update')
    const { model, args } = work
    const rows: unknown[] = []
    await eachPortion(work, async (keys, old) => {
      const some = { ...work, args: { ...withoutLimit(args), where: among(model, args, keys) } }
      rows.push(...((await returning(some, 'update', old)) as unknown[]))
    })
    return rows
  },

  async deleteMany(work) {
    const { model, args, perform } = work
    let count = 0
    for (const keys of await portions(work)) {
      const rows = await lockSome(work, keys, after(work, 'delete'))
      count += ((await perform({ ...withoutLimit(args), where: among(model, args, keys) })) as { count: number }).count
      await tell(work, 'delete', rows)
    }
    return { count }
  },
}

/** For operations that answer the rows that they have written. */
async function returning(
  work: Work,
  event: ChangeEvent,
  old: Row | readonly Row[] | null = null,
  otherwise: (row: Row) => Promise<boolean> = async () => false,
): Promise<unknown> {
  const { model, args, perform } = work
  const wide = widened(args, [...model.key, ...after(work, event)])
  const answer = await perform(wide.args)
  const rows = [answer].flat() as Row[]
  const [row] = rows
  if (row === undefined || !(await otherwise(row))) await tell(work, event, rows, [old ?? []].flat())
  return wide.hide(answer)
}

/** What an `updateMany` matches, portion by portion, with the rows as they were if anybody asked for that. */
async function eachPortion(work: Work, change: (keys: readonly Row[], old: readonly Row[]) => Promise<void>): Promise<void> {
  const { model, args } = work
  const moved = model.key.find((field) => ((args['data'] ?? {}) as Row)[field] !== undefined)
  if (moved !== undefined) {
    const message = `${model.name}.${moved}: is its key, which updateMany cannot change while it is announced; use update`
    throw new PipelineError('CHANGE_INVALID', message)
  }
  const fields = before(work)
  for (const keys of await portions(work)) await change(keys, fields.length === 0 ? [] : await lockSome(work, keys, fields))
}

async function tell(work: Work, event: ChangeEvent, rows: readonly Row[], old: readonly Row[] = []): Promise<void> {
  const { model, interest } = work
  if (rows.length === 0 || interest(event) === null) return
  const fields = after(work, event)
  const previous = event === 'update' ? before(work) : []
  const olds = new Map(old.map((row) => [keyOf(model, row), stateOf(row, previous)]))
  const changes = rows.map((row): ChangeInput => {
    const key = keyIn(work, row, 'do not leave it out of what this client answers')
    const known = previous.length === 0 ? undefined : olds.get(key)
    const change = { collection: model.collection, event, key, fields: stateOf(row, fields) }
    return known === undefined ? change : { ...change, previous: known }
  })
  await work.publish(changes)
}

/** Fields to read once it is done; of what is deleted, all that anybody asked for. */
function after({ model, interest }: Work, event: ChangeEvent): readonly string[] {
  const { fields = [], previous = [] } = interest(event) ?? {}
  return fieldsFor(model, event === 'delete' ? [...fields, ...previous] : fields)
}

/** Fields to read before an update. */
function before({ model, interest, previous }: Work): readonly string[] {
  return previous === 'never' ? [] : fieldsFor(model, interest('update')?.previous ?? [])
}

function keyIn({ model }: Work, row: Row, fix: string): ItemKey {
  const key = keyOf(model, row)
  if (key !== undefined) return key
  throw new PipelineError('CHANGE_INVALID', `a row of ${model.name} has no value in its key (${model.key.join(', ')}): ${fix}`)
}

/** The rows that were read are as many. */
function withoutLimit({ limit, ...args }: Args): Args {
  return args
}
