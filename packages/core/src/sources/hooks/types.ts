import type { Log } from '../../deliver/notify.ts'
import type { Clock, SqlTransaction } from '../../ports.ts'
import type { ChangeInput, ItemKey } from '../../types.ts'
import type { hookExceptions } from './exceptions.ts'
import type { Action, BeforeName, BeforePattern, OnName, OnPattern, OwnName, Scope } from './vocabulary.ts'

type Row = Record<string, unknown>
type Awaitable<T> = T | Promise<T>

/** What a hook is told of an event. What was given to `run` or `emit` besides is there, too. */
export interface HookContext {
  /** The whole name: `items.create.before`, `items.create`, `server.start`, `cron(0 * * * *)`. */
  event: string
  action?: string
  /** Of a system scope its table: `directus_users` for `users`. */
  collection?: string
  /** Keys: an array for update and delete; after a create one key, or an array where an array was created; null: not known. */
  item?: ItemKey | readonly ItemKey[] | null
  /** What goes in; after `items.read` what came out; null for delete. */
  payload?: unknown
  /** Of `items.read`. */
  query?: unknown
  /** Who does it; null: nobody that is known. */
  accountability: { user?: string | null; role?: string | null; admin?: boolean; [more: string]: unknown } | null
  schema: unknown
  /** Before the event the transaction, where there is one. After its commit: that of the module, if it has one. */
  database?: unknown
  /** Of `auth`. */
  provider?: string
  /** Of `auth`: `pending` before, then what became of it. */
  status?: 'pending' | 'success' | 'fail'
  /** Of `auth`. */
  user?: unknown
  [more: string]: unknown
}

/** What a before-hook is given first: an array of payloads for create, keys for delete, else the payload. */
export type HookInput<Name extends string> = Name extends `${string}.create`
  ? Row[]
  : Name extends `${string}.delete`
    ? ItemKey[]
    : Name extends `${string}.update` | `auth.${string}`
      ? Row
      : unknown

/** May change the input in place or return a changed one; nothing returned: unchanged. Throwing cancels the event. */
export type BeforeHook<Name extends string = string> = (
  input: HookInput<Name>,
  context: HookContext,
) => Awaitable<HookInput<Name> | (Name extends `${string}.create` ? Row : never) | undefined> | Awaitable<void>

/** Hears of what has happened. What it throws is logged. */
export type AfterHook = (context: HookContext) => unknown

/** What happens. Properties of your own go to the hooks, too. */
export interface HookEvent {
  /** `items`, `users`, `auth`, …, or a name of your own. */
  scope: Scope | OwnName
  /** Left out where an event has none, as `init`. */
  action?: Action | OwnName
  /** Required for `items`. Default: the table of a system scope (`users`: `directus_users`), else the scope. */
  collection?: string
  /** The key or keys of what is updated or deleted. Of what is created only where neither the result nor the payload tells. */
  item?: ItemKey | readonly ItemKey[]
  /** For create the new item, or an array of them. */
  payload?: unknown
  /** The state before: the row, the rows, or a Map of rows by key. Filters and old values need it. Default unknown. */
  previous?: object | readonly object[] | ReadonlyMap<ItemKey, object>
  /** The field that holds the key, in payloads and results. Default `id`. */
  primaryKey?: string
  /** The notice commits with it. Default: `database`, if that is a transaction of Knex; null: publish at once all the same. */
  transaction?: SqlTransaction | null
  accountability?: HookContext['accountability']
  schema?: unknown
  /** For the hooks; default: the transaction. */
  database?: unknown
  query?: unknown
  [more: string]: unknown
}

/** What a module is called with, besides `exceptions`. */
export interface HookModuleContext {
  /** Classes by name. Default none. */
  services?: Readonly<Record<string, unknown>>
  /** Its handlers get it, too, where an event brings none. */
  database?: unknown
  /** Default: answers null. */
  getSchema?: (options?: Record<string, unknown>) => Promise<unknown>
  /** Default empty. */
  env?: Readonly<Record<string, unknown>>
  /** Default: that of `createHooks`. */
  logger?: Log
  [more: string]: unknown
}

type ModuleArguments = Required<Pick<HookModuleContext, 'services' | 'getSchema' | 'env' | 'logger'>> & {
  exceptions: typeof hookExceptions
  database: unknown
}

/** A module of hooks: a function that returns `{ 'items.create': handler }`, also as a `default` export. */
export type HookModule = ((context: ModuleArguments) => unknown) | { readonly default: unknown }

export interface HooksOptions {
  /** Where changes go: a pipeline's `publish`. Default: nowhere, the hooks alone run. */
  publish?: (changes: readonly ChangeInput[], options?: { transaction: SqlTransaction }) => Promise<void>
  /** Told of hooks that fail, and of names that are probably misspelt. Default `console`. */
  logger?: Log
  /** Default: the machine's time. */
  clock?: Clock
  /** Milliseconds that one before-hook may take, and that `emit` waits. Default 30,000. */
  timeout?: number
}

export interface Hooks {
  /**
   * Registers a hook that runs before an event, and may change its input or cancel it by throwing. `event` may hold `*`.
   * Hooks run one after another in the order in which they were registered, those of modules included. Returns how to
   * unregister. Throws CONFIG_INVALID for a known event without a before phase, and what is no function.
   */
  before<Name extends BeforePattern | OwnName>(event: BeforeName<Name>, hook: BeforeHook<Name>): () => void
  /**
   * Registers a hook that hears of an event after it, or runs on a schedule (`cron(<statement>)`, between `start` and `stop`).
   * It cannot hold up or fail the event: what it throws is logged. Returns how to unregister. Throws CONFIG_INVALID.
   */
  on<Name extends OnPattern | OwnName>(event: OnName<Name>, hook: AfterHook): () => void
  /**
   * Before-hooks, `mutation`, publish; then after-hooks, without waiting for them. Resolves to what `mutation` did.
   *
   * Rejects with exactly what a before-hook threw, ServiceUnavailableException (503) for one that took longer than `timeout`,
   * CHANGE_INVALID for one that returned what cannot be an input: nothing has happened then. Rejects with what `mutation` threw:
   * nothing was published, and no after-hook runs (but those of `auth`, with the status `fail`).
   * Where the change could not be published it rejects with that error, or with CHANGE_INVALID if no key was found: the
   * mutation has happened, and after-hooks run. In a transaction: let the error roll it back.
   *
   * With a transaction that tells of its end (Knex's does) after-hooks run when it has committed, and not if it is rolled back.
   */
  run<Key extends ItemKey | readonly ItemKey[], Result>(
    event: HookEvent & { action: 'delete'; item: Key },
    mutation: (item: Key) => Awaitable<Result>,
  ): Promise<Result>
  run<Payload, Result>(
    event: HookEvent & { payload?: Payload },
    mutation: (payload: Payload) => Awaitable<Result>,
  ): Promise<Result>
  /**
   * Tells after-hooks of an event whose owner you are (`server.stop`, `database.error`). Resolves when they have ended, after
   * `timeout` at the latest; never rejects for what they throw. Where a before phase is wanted: `run`.
   */
  emit(
    event: Exclude<OnPattern, `*${string}` | `${string}*` | `cron(${string})`> | OwnName,
    context?: Readonly<Record<string, unknown>>,
  ): Promise<void>
  /**
   * Calls a module with `{ services, exceptions, database, getSchema, env, logger }` and registers what it returns, all or
   * nothing. Resolves to how to unregister. Rejects with what the module throws, or with CONFIG_INVALID naming each handler
   * that cannot be registered.
   */
  registerHook(module: HookModule, context?: HookModuleContext): Promise<() => void>
  /** A module that says for itself what it takes. */
  registerHook(module: (context: never) => unknown, context?: HookModuleContext): Promise<() => void>
  /** Begins with the schedules; twice is harmless. Other hooks need no start. In several processes each keeps its own. */
  start(): void
  /** Ends the schedules; what runs, of them and of after-hooks, has `drain` milliseconds (default 5,000) to end. */
  stop(options?: { drain?: number }): Promise<void>
}
