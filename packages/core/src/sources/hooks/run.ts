/** One event, from its before-hooks to its after-hooks. */
import { PipelineError } from '../../errors.ts'
import type { ItemKey } from '../../types.ts'
import { changesOf, keysOf, mayPublish, subjectOf } from './changes.ts'
import { formOf, inputOf, isRow, keyOf, listOf, nextInput } from './input.ts'
import type { Registry } from './registry.ts'
import { commitOf, transactionOf } from './transaction.ts'
import type { HookContext, HookEvent, HooksOptions } from './types.ts'
import { hasBefore, readEvent } from './vocabulary.ts'

interface Parts {
  publish: HooksOptions['publish']
  registry: Registry
  /** Warns of a name that is probably misspelt. */
  heed(event: string): void
}

export type Run = (event: HookEvent, mutation: (input: unknown) => unknown) => Promise<unknown>

export function createRun({ publish, registry, heed }: Parts): Run {
  return async (event, mutation) => {
    const { scope, action } = event
    const name = readEvent('run', action === undefined || typeof scope !== 'string' ? scope : `${scope}.${action}`)
    heed(name)
    const { collection, event: kind } = subjectOf(name, event)
    const told = collection !== undefined && mayPublish(scope, collection) ? publish : undefined
    let input = inputOf(name, event)
    const known = kind === 'update' ? keysOf(name, event) : listOf(event.item ?? []).flatMap((key) => keyOf(key) ?? [])
    // What is updated has to be known before it is: afterwards it would be too late to say so.
    if (known instanceof PipelineError && told !== undefined) throw known
    const keys = (): readonly ItemKey[] => (input.kind === 'keys' ? input.value : known instanceof PipelineError ? [] : known)
    const transaction = transactionOf(event)
    const base = contextOf(name, event, collection, transaction)

    function context(more: Partial<HookContext>): HookContext {
      const item = keys().length === 0 ? null : keys()
      const payload = input.kind === 'keys' ? null : formOf(input)
      return { ...base, ...(action !== 'read' && { item }), payload, ...more }
    }

    /** After-hooks are not waited for. In a transaction nothing has happened until it commits. */
    function tell(more: Partial<HookContext>): void {
      const happened = context(more)
      if (scope === 'auth') happened.payload = withoutSecrets(happened.payload)
      const commit = transaction === undefined ? undefined : commitOf(transaction)
      if (commit === undefined) return void registry.tell(name, happened)
      // A transaction that is over is of use to nobody.
      if (happened.database === transaction) delete happened.database
      commit.then(
        () => registry.tell(name, happened),
        () => {},
      )
    }

    for (const hook of hasBefore(name) ? registry.asked(name) : []) {
      const asked = context({ ...(scope === 'auth' && { status: 'pending' }), event: `${name}.before` })
      input = nextInput(input, await registry.ask(hook, input.value, asked), name, hook.pattern)
    }
    let result: unknown
    try {
      result = await mutation(formOf(input))
    } catch (error) {
      if (scope === 'auth') tell({ status: 'fail' })
      throw error
    }
    if (kind === null || collection === undefined) {
      tell({ ...(action === 'read' && { payload: result }), ...(scope === 'auth' && { status: 'success' }) })
      return result
    }

    const rows = input.kind === 'payload' ? listOf(input.value).filter(isRow) : null
    const inputs = input.kind === 'items' ? input.value : rows?.length === 0 ? null : rows
    const { primaryKey = 'id', previous } = event
    const changes = changesOf({ name, event: kind, collection, primaryKey, inputs, keys: keys(), result, previous })
    try {
      if (told !== undefined) {
        if (changes instanceof PipelineError) throw changes
        if (changes.length > 0) await (transaction === undefined ? told(changes) : told(changes, { transaction }))
      }
    } finally {
      tell(kind === 'create' ? { item: created(changes, Array.isArray(event.payload)) } : {})
    }
    return result
  }
}

/** What every hook of an event is told. */
function contextOf(name: string, event: HookEvent, collection: string | undefined, transaction: unknown): HookContext {
  const {
    scope: _scope,
    item: _item,
    payload: _payload,
    primaryKey: _key,
    previous: _previous,
    transaction: _own,
    ...rest
  } = event
  const database = event.database ?? transaction
  return {
    accountability: null,
    schema: null,
    ...rest,
    ...(collection !== undefined && { collection }),
    ...(database !== undefined && { database }),
    event: name,
  }
}

function created(changes: ReturnType<typeof changesOf>, several: boolean): ItemKey | readonly ItemKey[] | null {
  if (changes instanceof PipelineError) return null
  const keys = changes.map(({ key }) => key)
  return several ? keys : (keys[0] ?? null)
}

/** Who only hears of a login has no use for what it was made with. */
function withoutSecrets(payload: unknown): unknown {
  if (!isRow(payload)) return payload
  const { password: _password, otp: _otp, ...rest } = payload
  return rest
}
