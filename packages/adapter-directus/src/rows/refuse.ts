/** Says what is wrong with a target when it is saved, so that the Studio shows it. */
import { TARGETS } from '../fields.ts'
import type { EventContext, HookRegister, HostContext, Row, Schema } from '../host.ts'
import { hasTargets } from '../schema/ours.ts'
import { isMask } from './secrets.ts'
import { toRowTarget } from './source.ts'

/** Answered with status 400; recognised by its name, as Directus does with errors of other copies of itself. */
class RowInvalid extends Error {
  override readonly name = 'DirectusError'
  readonly code = 'INVALID_PAYLOAD'
  readonly status = 400
  readonly extensions: { reason: string }

  constructor(reason: string) {
    super(`Invalid payload. ${reason}.`)
    this.extensions = { reason }
  }
}

const SECRETS = ['api_key', 'signing_keys']

export function refuseBadRows({ filter }: Pick<HookRegister, 'filter'>, { getSchema }: Pick<HostContext, 'getSchema'>): void {
  filter(`${TARGETS}.items.create`, async (payload, _meta, context) => {
    const schema = context.schema ?? (await getSchema())
    if (!hasTargets(schema)) return
    const row = withoutMasks(payload as Row)
    refuse(row, Object.keys(row), schema)
    return row
  })

  filter(`${TARGETS}.items.update`, async (payload, meta, context) => {
    const schema = context.schema ?? (await getSchema())
    if (!hasTargets(schema)) return
    const changed = withoutMasks(payload as Row)
    const names = Object.keys(changed)
    if (names.some((name) => CHECKED.has(name))) {
      for (const row of await rowsOf(context, meta['keys'] as unknown[])) refuse({ ...row, ...changed }, names, schema)
    }
    return changed
  })
}

/** What a target is made of. */
const CHECKED: ReadonlySet<string> = new Set(['url', 'auth_header', 'api_key', 'schema', 'format', 'status'])
/** Rows that are looked at when several are changed at once. */
const MOST = 100

async function rowsOf({ database }: EventContext, keys: unknown[]): Promise<Row[]> {
  if (!Array.isArray(keys)) return []
  return (await database(TARGETS).whereIn('id', keys.slice(0, MOST) as string[])) as Row[]
}

/** Clients show `**********` for a secret, and some write that back. */
function withoutMasks(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([name, value]) => !(SECRETS.includes(name) && isMask(value))))
}

/** Only what is being changed is complained about: a row that was broken before can be mended step by step. */
function refuse(row: Row, changed: readonly string[], schema: Schema): void {
  const wrong: string[] = []
  // Directus itself asks for what is required.
  const whole = { id: 'new', ...row, ...(needsKey(row) && { api_key: 'given later' }), schema: row['schema'] ?? null }
  const settings = { format: 'batch', window: {}, horizon: null, timeout: undefined } as const
  toRowTarget({ ...whole, url: row['url'] ?? 'https://invalid.invalid/' }, schema, settings, wrong)
  const reasons = wrong.filter((line) => changed.some((name) => line.startsWith(name)) || row['status'] === 'published')
  if (reasons.length > 0) throw new RowInvalid([...new Set(reasons)].join('; '))
}

function needsKey({ api_key, auth_header }: Row): boolean {
  return auth_header !== 'no-auth' && (api_key === undefined || api_key === null)
}
