/** Makes what is missing of the collections, and leaves everything else as it is. */
import type { Knex } from 'knex'
import { TARGETS, TARGETS_USERS } from '../fields.ts'
import type { HostContext, Relation, Row, Schema, Services } from '../host.ts'
import { type Field, type Plan, planOf, RULES_FORM } from './fields.ts'
import { neededIn } from './ours.ts'

export interface Applied {
  /** In words, for the log. */
  done: string[]
  /** What is not there, why, and what goes without it; null: all is. */
  problem: string | null
}

type Parts = Pick<HostContext, 'services' | 'database' | 'getSchema'>

export async function applySchema({ services, database, getSchema }: Parts): Promise<Applied> {
  const done: string[] = []
  const fresh = () => getSchema({ bypassCache: true })
  const schema = await fresh()
  const plan = planOf({ encrypts: encrypts(services, schema) })
  for (const { collection } of plan.collections) {
    const problem = await foreign(database, schema, collection)
    if (problem !== null) return { done, problem: `${problem}; ${WITHOUT[TARGETS]}` }
  }
  let problem: string | null = null
  for (const spec of plan.collections) {
    if (schema.collections[spec.collection] !== undefined) continue
    try {
      await new services.CollectionsService({ schema: await fresh(), knex: database, accountability: null }).createOne(spec)
      done.push(`created the collection ${spec.collection}`)
    } catch (error) {
      problem = inWords(spec.collection, error)
      if (spec.collection === TARGETS) return { done, problem }
    }
  }
  done.push(...(await addFields(services, database, await fresh(), plan)))
  done.push(...(await addRelations(services, database, await fresh(), plan)))
  done.push(...(await mendForeignKeys(services, database, await fresh(), plan)))
  done.push(...(await improveForm(services, database, await fresh())))
  return { done, problem }
}

/** Why no targets can be read of the Studio where nothing may be created; null: they can. */
export async function lookForTargets({
  database,
  getSchema,
}: Pick<HostContext, 'database' | 'getSchema'>): Promise<string | null> {
  const schema = await getSchema({ bypassCache: true })
  const there = schema.collections[TARGETS] !== undefined || (await database.schema.hasTable(TARGETS))
  const problem = there
    ? await foreign(database, schema, TARGETS)
    : `the collection ${TARGETS} is missing, and nothing may be created: create it with schema/directus.json of the extension`
  return problem && `${problem}; ${WITHOUT[TARGETS]}`
}

/** A collection of our name that somebody made for something else; null: it is ours, or there is none. */
async function foreign(database: Knex, schema: Schema, collection: string): Promise<string | null> {
  const needed = neededIn(collection)
  const there = schema.collections[collection]
  if (there === undefined) {
    // A table that Directus does not know of, with a name that we need.
    if (!(await database.schema.hasTable(collection))) return null
    const columns = Object.keys(await database(collection).columnInfo())
    const missing = needed.filter((name) => !columns.includes(name))
    return missing.length === 0
      ? `the table ${collection} is there, and Directus does not manage it: register it as a collection in the Data Model`
      : `the table ${collection} belongs to somebody else: it has no ${missing.join(', ')}`
  }
  const missing = needed.filter((name) => there.fields[name] === undefined)
  return missing.length === 0 ? null : `the collection ${collection} belongs to somebody else: it has no ${missing.join(', ')}`
}

async function addFields(services: Services, database: Knex, schema: Schema, plan: Plan): Promise<string[]> {
  const done: string[] = []
  const service = new services.FieldsService({ schema, knex: database, accountability: null })
  const known = (await database('directus_fields').select('field').where({ collection: TARGETS })) as { field: string }[]
  const names = new Set([...known.map(({ field }) => field), ...Object.keys(schema.collections[TARGETS]?.fields ?? {})])
  const missing = plan.collections
    .flatMap(({ fields }) => fields)
    .filter(({ collection, field }) => collection === TARGETS && !names.has(field))
  for (const field of missing) {
    await service.createField(TARGETS, withoutKeyOf(field))
    done.push(`added the field ${TARGETS}.${field.field}`)
  }
  return done
}

/** A column that is added to rows that are there cannot be required. */
function withoutKeyOf(field: Field): Field {
  return field.schema === null ? field : { ...field, schema: { ...field.schema, is_nullable: true } }
}

async function addRelations(services: Services, database: Knex, schema: Schema, plan: Plan): Promise<string[]> {
  const done: string[] = []
  for (const relation of plan.relations) {
    const { collection, field } = relation
    if (schema.collections[collection]?.fields[field] === undefined || find(schema.relations, collection, field) !== undefined)
      continue
    await new services.RelationsService({ schema, knex: database, accountability: null }).createOne(relation)
    done.push(`related ${collection}.${field} to ${relation.related_collection}`)
  }
  return done
}

/** Foreign keys without a rule keep a user from being deleted. */
async function mendForeignKeys(services: Services, database: Knex, schema: Schema, plan: Plan): Promise<string[]> {
  const done: string[] = []
  for (const { collection, field, schema: wanted } of plan.relations) {
    const there = find(schema.relations, collection, field)
    const rule = there?.schema?.on_delete?.toUpperCase()
    if (there?.schema == null || rule === wanted.on_delete || (rule !== undefined && rule !== 'NO ACTION' && rule !== 'RESTRICT'))
      continue
    const service = new services.RelationsService({ schema, knex: database, accountability: null })
    await service.updateOne(collection, field, { ...there, schema: { ...there.schema, on_delete: wanted.on_delete } })
    done.push(`let go of ${collection}.${field} when what it points to is deleted`)
  }
  return done
}

/** Raw JSON becomes a form where nobody has chosen anything else. */
async function improveForm(services: Services, database: Knex, schema: Schema): Promise<string[]> {
  const row = (await database('directus_fields').where({ collection: TARGETS, field: 'schema' }).first()) as Row | undefined
  if (row === undefined || (row['interface'] !== 'input-code' && row['interface'] !== null)) return []
  const service = new services.FieldsService({ schema, knex: database, accountability: null })
  const { display, display_options, ...form } = RULES_FORM
  const meta = row['display'] === null ? { ...form, display, display_options } : form
  await service.updateField(TARGETS, { collection: TARGETS, field: 'schema', type: 'json', meta })
  return [`gave ${TARGETS}.schema a form`]
}

function find(relations: readonly Relation[], collection: string, field: string): Relation | undefined {
  return relations.find((relation) => relation.collection === collection && relation.field === field)
}

/** Whether this version knows fields that are encrypted. */
function encrypts(services: Services, schema: Schema): boolean {
  const Payload = services['PayloadService'] as
    | (new (
        collection: string,
        options: unknown,
      ) => { transformers?: Record<string, unknown> })
    | undefined
  try {
    return Payload !== undefined && new Payload(TARGETS, { schema }).transformers?.['encrypt'] !== undefined
  } catch {
    return false
  }
}

/** What goes without it, until it is there. */
const WITHOUT: Readonly<Record<string, string>> = {
  [TARGETS]: 'no targets are read from the Studio until then',
  [TARGETS_USERS]: 'nobody can be chosen to be told of failures until then',
}

function inWords(collection: string, error: unknown): string {
  const { message, code } = error as { message?: string; code?: string }
  const why =
    code === 'LIMIT_EXCEEDED'
      ? `the licence of this Directus allows no further collection (${message})`
      : `${reasonOf(error)}; create it with schema/directus.json of the extension, or allow the database user to`
  return `${collection} cannot be created: ${why}; ${WITHOUT[collection]}`
}

/** Knex puts the statement before what the database said of it. */
export function reasonOf(error: unknown): string {
  return (error as Error).message.split(' - ').at(-1) as string
}
