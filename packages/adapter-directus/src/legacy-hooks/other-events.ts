/** Everything that is no table: signing in, requests, errors, the life of the process. By their old names. */
import { ask, settle, tell } from './guard.ts'
import { withContext } from './input.ts'
import { contextOf, isObject, type Listener, type Meta } from './listener.ts'

/** Directus waits for it, but it decides nothing. */
const phase = (event: string, old: string): Listener => ({
  on: 'init',
  event,
  run: (handler, meta) => settle(handler, [contextOf(old, meta, {}, handler)]),
})

const heard = (old: string): Listener => ({
  on: 'action',
  event: old,
  run: (handler, meta, now) => tell(handler, contextOf(old, meta, now, handler)),
})

/** Directus puts the password into the payload today; a handler that only hears of the login never saw it. */
const withoutSecrets = (payload: unknown): unknown => {
  if (!isObject(payload)) return payload
  const { password: _password, otp: _otp, ...rest } = payload
  return rest
}

const login: Listener = {
  on: 'action',
  event: 'auth.login',
  run: (handler, meta, now) => {
    const known = { ...meta, action: 'login', payload: withoutSecrets(meta['payload']) }
    const context = contextOf('auth.login', known, now, handler)
    // Some modules take the payload first and the context second: the context has both.
    tell(handler, { ...(isObject(known.payload) && known.payload), ...context }, context)
  },
}

/** What the handler returns is laid over the payload: claims of one's own must not push out the user's id. */
const signing = (event: string, old: string, action: string): Listener => ({
  on: 'filter',
  event,
  run: async (handler, payload, meta, now) => {
    if (action === 'refresh' && meta['type'] !== 'refresh') return undefined
    const result = await ask(handler, payload, contextOf(`${old}.before`, { ...meta, action, payload }, now, handler))
    return isObject(result) && isObject(payload) ? { ...payload, ...result } : undefined
  },
})

/** Today's only sign of a token is a filter; hearing of it changes and delays nothing. */
const signed = (old: string, action: string): Listener => ({
  on: 'filter',
  event: 'auth.jwt',
  run: (handler, payload, meta, now) => {
    const claims = isObject(payload) ? { ...payload } : payload
    if (action !== 'refresh' || meta['type'] === 'refresh') {
      tell(handler, contextOf(old, { ...meta, action, payload: claims }, now, handler))
    }
  },
})

const authenticate: Listener = {
  on: 'filter',
  event: 'authenticate',
  run: async (handler, payload, meta, now) => {
    const result = await ask(handler, payload, contextOf('authenticate', meta, now, handler))
    return isObject(result) ? result : undefined
  },
}

/** It is handed the request and the response, as it was; the request also answers to the names of a context. */
const notFound: Listener = {
  on: 'filter',
  event: 'request.not_found',
  run: async (handler, _handled, meta, now) => {
    const context = contextOf('request.not_found', meta, now, handler)
    const { request, response } = meta
    if (typeof request === 'object' && request !== null) lendContext(request, context)
    return (await ask(handler, request, response, context)) ? true : undefined
  },
}

function lendContext(request: object, context: Meta): void {
  for (const [key, value] of Object.entries(context)) {
    if (!(key in request)) Object.defineProperty(request, key, { value, configurable: true, writable: true, enumerable: false })
  }
}

const databaseError: Listener = {
  on: 'filter',
  event: 'database.error',
  run: async (handler, error, meta, now) =>
    (await ask(handler, error, contextOf('database.error', { ...meta, payload: error }, now, handler))) ?? undefined,
}

const requestError: Listener = {
  on: 'filter',
  event: 'request.error',
  run: (handler, errors, meta, now) => {
    const context = contextOf('error', { ...meta, payload: errors }, now, handler)
    tell(handler, withContext(Array.isArray(errors) ? errors : [errors], context), context)
  },
}

export const OTHERS: Readonly<Record<string, Listener>> = {
  init: phase('app.after', 'init'),
  'init.before': phase('app.before', 'init.before'),
  'init.after': phase('app.after', 'init.after'),
  'cli.init.before': phase('cli.before', 'cli.init.before'),
  'cli.init.after': phase('cli.after', 'cli.init.after'),
  'middlewares.init.before': phase('middlewares.before', 'middlewares.init.before'),
  'middlewares.init.after': phase('middlewares.after', 'middlewares.init.after'),
  'routes.init.before': phase('routes.before', 'routes.init.before'),
  'routes.init.after': phase('routes.after', 'routes.init.after'),
  'routes.custom.init.before': phase('routes.custom.before', 'routes.custom.init.before'),
  'routes.custom.init.after': phase('routes.custom.after', 'routes.custom.init.after'),
  'server.start': heard('server.start'),
  'server.stop': heard('server.stop'),
  response: heard('response'),
  error: requestError,
  'auth.login': login,
  'auth.login.before': signing('auth.login', 'auth.login', 'login'),
  'auth.jwt': signed('auth.jwt', 'jwt'),
  'auth.jwt.before': signing('auth.jwt', 'auth.jwt', 'jwt'),
  'auth.refresh': signed('auth.refresh', 'refresh'),
  'auth.refresh.before': signing('auth.jwt', 'auth.refresh', 'refresh'),
  authenticate,
  'authenticate.before': authenticate,
  'request.not_found': notFound,
  'database.error': databaseError,
}

/** What these return decides who one is, and what is answered. They are asked only by name: a `*.*` means to hear. */
export const BY_NAME_ONLY: ReadonlySet<string> = new Set(['authenticate.before', 'request.not_found', 'database.error'])
