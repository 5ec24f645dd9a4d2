/** What writes without entities: `insert`, `update`, `delete`, `upsert`, `increment` of repositories, and query builders. */
import type { Announcer } from './announcer.ts'
import { insertAnnounced } from './inserts.ts'
import type { Builder, Described, ExecuteResult, Metadata } from './metadata.ts'
import { inTransaction } from './own-transaction.ts'
import { changeAnnounced } from './statements.ts'

/** Runs what it is given within a transaction that the builder's statement is part of. */
export type Execute = () => Promise<ExecuteResult>

const announcers = new WeakMap<object, Announcer[]>()
/** Prototypes that were seen to: one for each kind of builder of each copy of TypeORM. */
const seenTo = new WeakSet<object>()

/** Announces what the builders of the announcer's DataSource write; returns how to stop. */
export function watchBuilders(announcer: Announcer): () => void {
  const { dataSource } = announcer
  const source = () => dataSource.createQueryBuilder()
  for (const builder of [source().insert(), source().update(), source().delete(), source().softDelete()]) seeTo(builder)
  announcers.set(dataSource, [...(announcers.get(dataSource) ?? []), announcer])
  return () => {
    announcers.set(
      dataSource,
      (announcers.get(dataSource) ?? []).filter((one) => one !== announcer),
    )
  }
}

/** On the prototype, since `clone` of a builder knows nothing of what was put on its original. */
function seeTo(example: Builder): void {
  let prototype = Object.getPrototypeOf(example) as object
  while (!Object.hasOwn(prototype, 'execute')) prototype = Object.getPrototypeOf(prototype) as object
  if (seenTo.has(prototype)) return
  seenTo.add(prototype)
  const { execute } = prototype as Pick<Builder, 'execute'>
  Object.assign(prototype, {
    async execute(this: Builder): Promise<ExecuteResult> {
      const dataSource = (this.dataSource ?? this.connection) as Described
      const all = announcers.get(dataSource) ?? []
      return all.reduceRight<Execute>(
        (inner, announcer) => () => announced(announcer, this, inner),
        () => execute.call(this),
      )()
    },
  })
}

function announced(announcer: Announcer, builder: Builder, execute: Execute): Promise<ExecuteResult> {
  const { mainAlias, queryType, valuesSet } = builder.expressionMap
  if (!mainAlias?.hasMetadata) return execute()
  const written = [valuesSet].flat().filter((one): one is object => typeof one === 'object' && one !== null)
  const count = (by: 1 | -1) => {
    for (const one of written) counted(announcer.inBuilders, one, by)
  }
  count(1)
  const announce = queryType === 'insert' ? insertAnnounced : changeAnnounced
  const work = isOfSave(builder) ? null : announce(announcer, builder, mainAlias.metadata, execute)
  return (work === null ? execute() : inTransaction(builder, work)).finally(() => count(-1))
}

/** Several updates at once may be given the same object. */
function counted(map: WeakMap<object, number>, one: object, by: 1 | -1): void {
  const number = (map.get(one) ?? 0) + by
  if (number > 0) map.set(one, number)
  else map.delete(one)
}

/**
 * `save`, `remove`, `softRemove` and `recover` use builders that tell nobody, and tell the subscribers themselves; but for a
 * row whose entity they have not got (a child that its parent's relation gained or lost): of that they tell nothing that names it.
 */
function isOfSave({ expressionMap }: Builder): boolean {
  const { callListeners, queryType, whereEntities } = expressionMap
  return !callListeners && (queryType !== 'update' || whereEntities.length > 0)
}

export type Announce = (
  announcer: Announcer,
  builder: Builder,
  metadata: Metadata,
  execute: Execute,
) => ((runner: NonNullable<Builder['queryRunner']>) => Promise<ExecuteResult>) | null
