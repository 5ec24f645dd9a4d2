import type { ItemKey } from '@unstale/core'
import type { Schema } from '../host.ts'

/** A primary key as the collection has it: REST gives numbers as texts. One that JavaScript cannot hold exactly stays a text. */
export function toKey(schema: Schema | null, collection: string, key: unknown): ItemKey {
  if (typeof key === 'number') return key
  const text = String(key)
  const overview = schema?.collections[collection]
  const type = overview?.fields[overview.primary]?.type
  if (type !== 'integer' && type !== 'bigInteger') return text
  const number = Number(text)
  return Number.isSafeInteger(number) && String(number) === text ? number : text
}
