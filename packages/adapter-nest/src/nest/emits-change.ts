import { Inject } from '@nestjs/common'
import { type ChangeEvent, type ChangeInput, type ItemKey, PipelineError } from '@unstale/core'
import { ChangePublisher } from './publisher.ts'

type Fields = Readonly<Record<string, unknown>>

/** `R` is what the method resolves to (of an array, its members), `A` are its arguments. */
export interface EmitsChangeOptions<R = never, A extends readonly unknown[] = never> {
  collection: string
  event: ChangeEvent
  /**
   * The primary key: a property of the result, or picked from the result and the arguments. Default `'id'`. Null: nothing
   * changed, and nothing is published; so is a result that is null, or an empty array. Undefined is a mistake, and told.
   */
  key?: string | ((result: R, ...args: A) => ItemKey | null)
  /** The state after the change: properties of the result, or picked. Default: the result, if it is an object. */
  fields?: readonly string[] | ((result: R, ...args: A) => Fields)
  /** The state before the change. Default: not known. */
  previous?: (result: R, ...args: A) => Fields
}

type Method<R, A extends readonly unknown[]> = [A] extends [never]
  ? (...args: never[]) => Promise<unknown>
  : (...args: [...A]) => Promise<R> | Promise<readonly R[]>

type Decorator<R, A extends readonly unknown[]> = <M extends Method<R, A>>(
  target: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void

const PUBLISHER: unique symbol = Symbol('unstale publisher')

type Emitting = { [PUBLISHER]?: ChangePublisher }

/**
 * Publishes a change after the method has resolved; never when it threw. For a method of a provider or controller that
 * resolves to the item, or an array of items. Where the method commits a transaction of its own, a process that dies right
 * then says nothing: `publishIn` is part of the transaction.
 *
 * The method rejects, although it did its work, where the change cannot be published: with CHANGE_INVALID if `key` picks
 * nothing, or as `publish` does.
 */
export function EmitsChange<R = never, A extends readonly unknown[] = never>(options: EmitsChangeOptions<R, A>): Decorator<R, A> {
  return (target, name, descriptor) => {
    const method = descriptor.value as unknown as (...args: unknown[]) => Promise<unknown>
    const place = `@EmitsChange of ${target.constructor.name}.${String(name)}()`
    const { collection, event } = options ?? {}
    if (typeof method !== 'function') throw invalid(`${place}: decorates a method, and this is none`)
    if (typeof collection !== 'string' || collection === '') throw invalid(`${place}: collection has to be a name`)
    if (event !== 'create' && event !== 'update' && event !== 'delete')
      throw invalid(`${place}: event has to be 'create', 'update' or 'delete'`)
    Inject(ChangePublisher)(target, PUBLISHER)

    async function emitting(this: Emitting, ...args: unknown[]): Promise<unknown> {
      // Before the method: afterwards it would be too late.
      const publisher = this[PUBLISHER]
      if (publisher === undefined)
        throw invalid(`${place}: there is no ChangePublisher: let Nest make the object, with UnstaleModule among its imports`)
      const result = await method.apply(this, args)
      const changes = toChanges(result, args, options as unknown as EmitsChangeOptions<unknown, unknown[]>, place)
      if (changes.length > 0) await publisher.publish(changes)
      return result
    }
    descriptor.value = resembling(method, emitting) as never
  }
}

function toChanges(
  result: unknown,
  args: readonly unknown[],
  { collection, event, key = 'id', fields, previous }: EmitsChangeOptions<unknown, unknown[]>,
  place: string,
): ChangeInput[] {
  if (result === null) return []
  return (Array.isArray(result) ? result : [result]).flatMap((item: unknown): ChangeInput[] => {
    const picked = textual(typeof key === 'function' ? key(item, ...args) : (item as Record<string, unknown> | undefined)?.[key])
    if (picked === null) return []
    if ((typeof picked !== 'string' && typeof picked !== 'number') || picked === '') {
      const from = typeof key === 'function' ? 'key()' : `key '${key}'`
      throw new PipelineError(
        'CHANGE_INVALID',
        `${place}: ${from} picks no primary key from what it resolved to (${shapeOf(item)}): it has to be a string or a number, or null if nothing changed`,
      )
    }
    const state = typeof fields === 'function' ? fields(item, ...args) : pick(item, fields)
    return [{ collection, event, key: picked, fields: state, ...(previous && { previous: previous(item, ...args) }) }]
  })
}

function pick(item: unknown, names: readonly string[] | undefined): Fields {
  if (typeof item !== 'object' || item === null) return {}
  const known = item as Fields
  return Object.fromEntries(
    (names ?? Object.keys(known)).filter((name) => known[name] !== undefined).map((name) => [name, textual(known[name])]),
  )
}

/** ORMs have a bigint for large numbers, and JSON has none. */
function textual(value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

/** What it is, for a message: never its values. */
function shapeOf(item: unknown): string {
  if (item === undefined) return 'nothing'
  if (item === null) return 'null'
  return typeof item === 'object' ? `an object with ${Object.keys(item).join(', ') || 'nothing'}` : `a ${typeof item}`
}

/** What other decorators have written on the method (routes, guards) goes on to hold. */
function resembling<F extends object>(method: object, wrapped: F): F {
  const { getMetadataKeys, getMetadata, defineMetadata } = Reflect as unknown as {
    getMetadataKeys?(of: object): unknown[]
    getMetadata(key: unknown, of: object): unknown
    defineMetadata(key: unknown, value: unknown, of: object): void
  }
  for (const key of getMetadataKeys?.(method) ?? []) defineMetadata(key, getMetadata(key, method), wrapped)
  return Object.defineProperty(wrapped, 'name', { value: (method as { name?: string }).name })
}

function invalid(message: string): PipelineError {
  return new PipelineError('CONFIG_INVALID', message)
}
