/** "Flush now": announces items anew, as if they had been updated, to chosen targets alone. */
import { type ChangeEvent, type ChangeInput, checkTargets, type ItemKey, type Pipeline, type Target } from '@unstale/core'
import { toKey } from './capture/keys.ts'
import { mayAnnounce } from './fields.ts'
import type { Reader } from './reader.ts'
import type { FlushReport } from './routes/answers.ts'
import { pathsOf as filterPaths } from './rows/rules.ts'
import type { RowSource } from './rows/source.ts'
import type { FlushOptions } from './runtime.ts'

interface FlushParts {
  pipeline: Pick<Pipeline, 'publish'>
  rows: Pick<RowSource, 'read'>
  reader: Reader
}

export async function flushThrough({ pipeline, rows, reader }: FlushParts, options: FlushOptions): Promise<FlushReport> {
  const { targets } = checkTargets(await rows.read())
  const published = targets.filter(({ status }) => status === 'published')
  const wanted = options.targets === undefined ? published : published.filter(({ uid }) => options.targets?.includes(uid))
  let announced = 0
  for (const target of wanted)
    for (const collection of await collectionsOf(target, options, reader)) announced += await one(target, collection)
  return { announced }

  async function one(target: Target, collection: string): Promise<number> {
    const event = eventOf(target, collection)
    if (event === null) return 0
    const publish = (changes: ChangeInput[]) => pipeline.publish(changes, { targets: [target.uid] })
    if (options.keys === undefined && target.wholeCollection) {
      await publish([{ collection, event, key: '*' }])
      return 1
    }
    const keys = options.keys === undefined ? null : new Set(options.keys.map(String))
    const schema = await reader.schemaWith(collection)
    if (schema === undefined) return 0
    const primary = schema.collections[collection]?.primary as string
    const paths = pathsOf(target, collection)
    const change = (row: Record<string, unknown>) => ({ collection, event, key: row[primary] as ItemKey, fields: row })
    if (keys !== null) {
      const found = await reader.byKey({ collection, schema, database: reader.database }, [...keys], paths)
      // What is not there any more may be cached all the same.
      const gone = [...keys]
        .filter((key) => !found.has(key))
        .map((key) => ({ collection, event, key: toKey(schema, collection, key) }))
      await publish([...[...found.values()].map(change), ...gone])
      return keys.size
    }
    let count = 0
    await reader.all(collection, paths, async (some) => {
      await publish(some.map(change))
      count += some.length
    })
    return count
  }
}

/** Those that its rules name; `'*'` names all that may be told of and are no system collections. */
async function collectionsOf(target: Target, { collection }: FlushOptions, reader: Reader): Promise<string[]> {
  if (collection !== undefined) return mayAnnounce(collection) ? [collection] : []
  const named = target.rules.map((rule) => rule.collection)
  const all = named.includes('*')
    ? Object.keys((await reader.schema()).collections).filter((name) => !name.startsWith('directus_'))
    : []
  return [...new Set([...named, ...all])].filter((name) => name !== '*' && mayAnnounce(name))
}

function rulesOf(target: Target, collection: string) {
  return target.rules.filter((rule) => rule.collection === collection || rule.collection === '*')
}

/** An event that the target asked for; best an update. */
function eventOf(target: Target, collection: string): ChangeEvent | null {
  const events = rulesOf(target, collection).flatMap((rule) => rule.events)
  return events.includes('update') ? 'update' : (events[0] ?? null)
}

function pathsOf(target: Target, collection: string): string[] {
  return rulesOf(target, collection).flatMap((rule) => [...rule.payload, ...filterPaths(rule.filter)])
}
