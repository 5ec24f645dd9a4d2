/** Columns that Directus encrypts: it decrypts them only for its services. */
import type { Knex } from 'knex'
import { TARGETS } from '../fields.ts'
import type { Row, Schema, Services } from '../host.ts'

const SECRETS = ['api_key', 'signing_keys'] as const

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
    const secret = encrypted.filter((name) => typeof row[name] === 'string' && row[name] !== '')
    if (secret.length === 0) {
      readable.push(row)
      continue
    }
    // One by one: a row that was encrypted under another SECRET must not take the others with it.
    const plain = await service.readOne(row['id'] as string, { fields: secret }, { emitEvents: false }).catch(() => ({}) as Row)
    const failed = secret.filter((name) => typeof plain[name] !== 'string' || isMask(plain[name]) || plain[name] === row[name])
    if (failed.length > 0) unreadable.set(String(row['id']), failed)
    readable.push({ ...row, ...plain, ...Object.fromEntries(failed.map((name) => [name, null])) })
  }
  return { rows: readable, unreadable }
}

/** What Directus shows instead of a secret, and what a client may write back. */
export function isMask(value: unknown): boolean {
  return typeof value === 'string' && /^\*+$/.test(value)
}
