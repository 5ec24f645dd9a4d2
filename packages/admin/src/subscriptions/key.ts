/** How a subscription is named, and which of them are asked for. */
import { checkTargets } from '@unstale/core'
import { Problem } from '../problem.ts'

/** The last segment of a path as it came: a router that decodes it first would not know `a%2Fb` from `a/b`. */
export function keyInPath(url: string): string {
  const [path = ''] = url.split(/[?#]/)
  const segment = path.replace(/\/$/, '').replace(/^.*\//s, '')
  let key: string
  try {
    key = decodeURIComponent(segment)
  } catch (cause) {
    throw new Problem(400, 'The key in the path is not percent-encoded UTF-8: write %25 for a percent sign.', { cause })
  }
  return checkedKey(key)
}

/** Throws 400 unless a subscription may be named so. */
export function checkedKey(key: unknown): string {
  const message = key === undefined || key === null ? 'has to be given: a text' : problemOf(key)
  if (message !== undefined) throw new Problem(400, `key: ${message}`, { errors: [{ path: 'key', message }] })
  return key as string
}

function problemOf(key: unknown): string | undefined {
  if (key === '.' || key === '..') return 'must not be a dot or two: they mean something else at the end of a path'
  // What core says of a key.
  return checkTargets([{ url: 'http://x', uid: 'x', key }]).problems[0]?.message
}

export interface Page {
  offset: number
  limit: number
}

/** Throws 400, naming the parameter. */
export function pageOf({ offset, limit }: { offset?: string; limit?: string }): Page {
  return {
    offset: whole('offset', offset, 0, 0, Number.MAX_SAFE_INTEGER),
    limit: whole('limit', limit, 100, 1, 1000),
  }
}

function whole(path: string, text: string | undefined, fallback: number, least: number, most: number): number {
  if (text === undefined) return fallback
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  const message =
    most === Number.MAX_SAFE_INTEGER
      ? `has to be a whole number from ${least} on`
      : `has to be a whole number from ${least} to ${most}`
  throw new Problem(400, `${path}: ${message}`, { errors: [{ path, message }] })
}
