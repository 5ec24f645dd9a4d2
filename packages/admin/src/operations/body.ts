/** The properties that a request gives. */
import type { Context as Call } from 'hono'
import { objectOf } from '../body.ts'
import { Problem } from '../problem.ts'

/** The most bytes of a body. */
const MOST = 65_536

/**
 * The properties of an object, of these names alone: a misspelt one would be ignored. `optional`: there may be no body.
 * Rejects with a Problem.
 */
export async function bodyOf(
  c: Call,
  names: readonly string[],
  { optional = false }: { optional?: boolean } = {},
): Promise<Readonly<Record<string, unknown>>> {
  const value = await objectOf(c.req.raw, { most: MOST, optional })
  for (const name of Object.keys(value)) {
    const known = names.length === 0 ? 'there are none here' : `there are ${names.join(', ')}`
    if (!names.includes(name)) throw wrong(name.slice(0, 100), `is not a property here; ${known}`)
  }
  return value
}

/** Names a property of the body. */
export function wrong(path: string, message: string): Problem {
  return new Problem(400, `In the body, ${path} ${message}.`, { errors: [{ path, message }] })
}
