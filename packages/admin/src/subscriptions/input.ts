/** From what a request brings to a target. */
import { checkTargets, type Problem as Field, type TargetInput, type TargetRow } from '@unstale/core'
import { Problem } from '../problem.ts'
import { ownPaths } from './view.ts'

/** Problems that a refusal tells in its text, and that it lists. */
const TOLD = 5
const LISTED = 100

type Written = Readonly<Record<string, unknown>>

/**
 * The whole target that a body asks for: what it leaves out has its default, but for secrets. Nobody can read them, and so
 * nobody can send them again: those that are left out stay, `null` removes them. What is only shown (`id`, `signatures`,
 * `problems`, and the key, which is the path's) is passed over, so that what was read can be sent back. Throws 400, naming
 * every problem.
 */
export function toInput(body: Written, key: string, was: TargetRow | null): TargetInput & { key: string; uid: string } {
  const { key: _key, id: _id, signatures: _signatures, problems: _problems, auth, secret, secrets, filter, ...others } = body
  const before = (was?.target ?? {}) as Written
  const target: Written = {
    ...(others['rules'] === undefined && { format: 'ids' }),
    ...others,
    key,
    ...given({ filter, auth: keptAuth(auth, before['auth']), ...keptSecrets({ secret, secrets }, before) }),
  }
  // Which uid it has is not for a body to say.
  const problems = ownPaths(checkTargets([{ ...target, uid: 'x' }]).problems)
  if (Object.hasOwn(body, 'uid')) problems.push({ path: 'uid', message: 'is given by the store: leave it out' })
  if (sendsElsewhere(target, before)) {
    const message = 'has to be sent again, or be null: the url leads to another origin than the one it was given for'
    problems.push({ path: 'auth', message })
  }
  if (problems.length > 0) throw refusal(problems)
  return { ...(target as unknown as TargetInput), key, uid: was?.uid ?? crypto.randomUUID() }
}

/** A body may have more problems than anybody reads. */
function refusal(problems: readonly Field[]): Problem {
  const told = problems.slice(0, TOLD).map(({ path, message }) => `${path}: ${message}`)
  const rest = problems.length - told.length
  const detail = `${told.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`
  return new Problem(400, detail, { errors: problems.slice(0, LISTED) })
}

function given(properties: Written): Written {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined && value !== null))
}

/** What was there stays where nothing is said of it, or only what can be read of it. */
function keptAuth(auth: unknown, before: unknown): unknown {
  if (auth === undefined) return before
  if (!isObject(auth) || !isObject(before) || auth['type'] !== before['type']) return auth
  const { token: _token, value: _value, ...shown } = before
  return Object.entries(auth).every(([name, value]) => shown[name] === value) ? before : auth
}

function keptSecrets({ secret, secrets }: Written, before: Written): Written {
  return secret === undefined && secrets === undefined
    ? { secret: before['secret'], secrets: before['secrets'] }
    : { secret, secrets }
}

/** Whoever may change an url must not learn a credential by having it sent to a place of their own. */
function sendsElsewhere(target: Written, before: Written): boolean {
  const { auth } = target
  if (!isObject(auth) || auth !== before['auth'] || auth['type'] === 'none') return false
  const [to, from] = [originOf(target['url']), originOf(before['url'])]
  return to !== undefined && to !== from
}

function originOf(url: unknown): string | undefined {
  const text = typeof url === 'string' ? url.trim() : ''
  return URL.canParse(text) ? new URL(text).origin : undefined
}

function isObject(value: unknown): value is Written {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
