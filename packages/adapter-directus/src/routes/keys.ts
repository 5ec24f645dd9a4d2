import { TARGETS } from '../fields.ts'
import type { Row, Schema } from '../host.ts'
import { type KeyAction, withAction } from '../rows/keys.ts'
import { decrypted } from '../rows/secrets.ts'
import type { Runtime } from '../runtime.ts'
import type { KeysReport } from './answers.ts'
import { Refused } from './refused.ts'

/** Changes the signing keys of a target, through a service of Directus: it encrypts them. */
export async function changeKeys(
  { host, store, rows, settings }: Runtime,
  schema: Schema,
  id: string,
  action: unknown,
): Promise<KeysReport> {
  if (action !== 'rotate' && action !== 'finish' && action !== 'remove') {
    throw new Refused(400, 'INVALID_PAYLOAD', "action has to be 'rotate', 'finish' or 'remove'")
  }
  const { database, services } = host
  const stored = (await database(TARGETS).where({ id }).first()) as Row
  if (!('signing_keys' in stored)) {
    throw new Refused(
      400,
      'INVALID_PAYLOAD',
      `${TARGETS} has no field signing_keys: add it as the folder schema of the extension says`,
    )
  }
  const [row = stored] = (await decrypted({ database, services }, schema, [stored])).rows
  const { columns, report } = withAction(row, action satisfies KeyAction, {
    now: await store.time(),
    overlap: settings.keyOverlap,
  })
  const service = new services.ItemsService(TARGETS, { schema, accountability: null })
  await service.updateOne(id, { ...columns })
  await rows.changed()
  return report
}
