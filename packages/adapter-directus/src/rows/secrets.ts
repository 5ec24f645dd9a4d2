/** Columns that Directus encrypts: it decrypts them only for its services. */
import type { Knex } from 'knex'
import { TARGETS } from '../fields.ts'
import type { Row, Schema, Services } from '../host.ts'

const SECRETS = ['api_key', 'signing_keys'] as const

/** What a ciphertext says: Directus derives a key anew for each, which takes long, and rows are read over and over. */
const known = new Map<string, string>()
const MOST = 2_000

interface Parts {
  database: Knex
  services: Pick<Services, 'ItemsService'>
}

/** The rows with their secrets readable; `unreadable` names, by id, those that could not be decrypted, which are null then. */
export async function decrypted(
  { database, services }: Parts,
  schema: Schema,
  rows: readonly Row[],
): Promise<{ rows: Row[]; unreadable: Map<string, string[]> }> {
  const unreadable = new Map<string, string[]>()
  const encrypted = SECRETS.filter((name) => schema.collections[TARGETS]?.fields[name]?.special.includes('encrypt'))
  if (encrypted.length === 0) return { rows: [...rows], unreadable }
  const service = new services.ItemsService(TARGETS, { schema, knex: database, accountability: null })
  const readable: Row[] = []
  for (const row of rows) {
    const plain = Object.fromEntries(
      encrypted.flatMap((name) => {
        const text = known.get(String(row[name]))
        return text === undefined ? [] : [[name, text]]
      }),
    )
    const secret = encrypted.filter((name) => typeof row[name] === 'string' && row[name] !== '' && plain[name] === undefined)
    if (secret.length > 0) {
      // One by one: a row that was encrypted under another SECRET must not take the others with it.
      const read = await service.readOne(row['id'] as string, { fields: secret }, { emitEvents: false }).catch(() => ({}) as Row)
      const failed = secret.filter((name) => typeof read[name] !== 'string' || isMask(read[name]) || read[name] === row[name])
      if (failed.length > 0) unreadable.set(String(row['id']), failed)
      for (const name of secret) {
        if (failed.includes(name)) continue
        if (known.size >= MOST) known.clear()
        known.set(String(row[name]), String(read[name]))
      }
      Object.assign(plain, read, Object.fromEntries(failed.map((name) => [name, null])))
    }
    readable.push({ ...row, ...plain })
  }
  return { rows: readable, unreadable }
}

/** What Directus shows instead of a secret, and what a client may write back. */
export function isMask(value: unknown): boolean {
  return typeof value === 'string' && /^\*+$/.test(value)
}
