/** The words of both sides, our own: neither side's types have to be installed, and Directus' own fit in. */
import type { exceptions } from './exceptions.ts'

type Fields = Readonly<Record<string, unknown>>

/** What Directus hands to a filter or an action besides the event itself. */
export interface TodaysEventContext {
  database: unknown
  schema: unknown
  accountability: unknown
}

export interface TodaysRegister {
  filter(event: string, handler: (payload: unknown, meta: Fields, context: TodaysEventContext) => unknown): void
  action(event: string, handler: (meta: Fields, context: TodaysEventContext) => void): void
  init(event: string, handler: (meta: Fields) => unknown): void
  schedule(cron: string, handler: () => unknown): void
  embed?(position: 'head' | 'body', code: string): void
}

/** Directus' logger is a Pino; two of its functions are enough. */
export interface Log {
  warn(message: string): void
  error(message: string): void
}

export interface TodaysHookContext {
  /** Classes by name. */
  services: object
  env: Fields
  database: unknown
  logger: Log
  getSchema(options?: Record<string, unknown>): Promise<unknown>
  emitter?: unknown
}

export type TodaysHook = (register: TodaysRegister, context: TodaysHookContext) => void

type Service = Record<string, (...options: unknown[]) => Promise<unknown>>
type Services = Readonly<Record<string, new (...options: unknown[]) => Service>>

/** What a hook module of the old form is called with. */
export interface LegacyModuleContext {
  services: Services
  exceptions: typeof exceptions
  database: unknown
  getSchema(options?: Record<string, unknown>): Promise<unknown>
  env: Fields
  logger: Log
}

/** What a handler of the old form gets: as its only argument, or after the input that it may change. */
export interface LegacyEventContext {
  /** By its old name: `items.create.before`. */
  event: string
  accountability: unknown
  schema: unknown
  database: unknown
  collection?: unknown
  /** The key of a new item; the keys of the ones that are updated or deleted. */
  item?: unknown
  action?: string
  payload?: unknown
  /** Of `items.read`. */
  query?: unknown
  /** What the event brings: `user`, `status` and `provider` of a login, `app`, `program`, `server`, `request`, `response`, … */
  [more: string]: unknown
}

/** Any function: what it takes depends on its event. */
export type LegacyHandler = (...values: never[]) => unknown

/** As it lies in `extensions/hooks/<id>/index.js`: a function that returns the handlers, the handlers, or either as `default`. */
export type LegacyHookModule =
  | ((context: LegacyModuleContext) => unknown)
  | Readonly<Record<string, LegacyHandler>>
  | { readonly default: LegacyHookModule }
