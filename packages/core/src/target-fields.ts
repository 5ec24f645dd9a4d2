/** What the fields of a target may hold. Each answer ends a sentence that begins with a path, and never holds the value. */
import { CONTROL, EVENTS } from './accept/change.ts'
import { compileFilter } from './accept/filter.ts'
import { kindOf, PipelineError, type Problem } from './errors.ts'
import type { Filter, Rule } from './types.ts'
import { parseSecret } from './wire/signature.ts'

/** The longest name that every store can keep as a key. */
export const LONGEST_NAME: number = 255

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** One by one: a list may be longer than a call takes arguments. */
export function add(problems: Problem[], more: readonly Problem[]): void {
  for (const problem of more) problems.push(problem)
}

export function nameProblem(name: string): string | null {
  if (name.length > LONGEST_NAME) return `has to be at most ${LONGEST_NAME} characters long, not ${name.length}`
  return CONTROL.test(name) ? 'must not hold control characters' : null
}

/** What a target is known by has to be different in every database, too. */
export function keyProblem(key: string): string | null {
  if (key.trim() !== key) return 'must not begin or end with a blank'
  return /\p{Surrogate}/u.test(key) ? 'must not hold half of a character' : nameProblem(key)
}

export function pathProblem(path: string): string | null {
  return path.split('.').includes('') ? 'is not the path of a field: a name is missing before or after a dot' : null
}

export function oldPathProblem(path: string): string | null {
  return path.split('.').includes('*') ? "has to name one field: '*' is only for payload" : pathProblem(path)
}

export function urlProblem(url: string): string | null {
  if (CONTROL.test(url)) return 'must not hold line breaks or control characters'
  if (!URL.canParse(url)) return 'is not a url: write it whole, such as https://site.example/api/flush'
  const { protocol, username, password } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:') return 'has to begin with http:// or https://'
  return username !== '' || password !== '' ? 'must not hold credentials: put them into auth' : null
}

export function secretProblem(secret: string): string | null {
  try {
    parseSecret(secret)
    return null
  } catch (error) {
    return (error as Error).message.replace(/^the secret /, '')
  }
}

/** The one rule of a target without rules: everything, that its filter selects. */
export function wholeRule(filter: unknown, path: string, problems: Problem[]): Rule | null {
  const rule: Rule = { collection: '*', events: EVENTS, payload: [] }
  if (filter === undefined || filter === null) return rule
  if (typeof filter === 'string' && /^@[^\s{}]{1,255}$/.test(filter) && !CONTROL.test(filter)) {
    return { ...rule, collection: filter.slice(1) }
  }
  const read = typeof filter === 'string' ? parseJson(filter) : filter
  if (!isObject(read)) {
    const not = typeof filter === 'string' && filter !== '' ? 'which this text is neither of' : `not ${kindOf(filter)}`
    problems.push({
      path,
      message: `has to be "@collection", or a filter in Directus syntax (an object, or a text that holds one as JSON), ${not}`,
    })
    return null
  }
  return compiles(read, path, problems) ? { ...rule, filter: read as Filter } : null
}

/** Whether a filter that is only echoed can be: a body is made of it. */
export function isJson(filter: unknown, path: string, problems: Problem[]): boolean {
  try {
    if (filter === undefined || JSON.stringify(filter) !== undefined) return true
  } catch {
    // Told below.
  }
  problems.push({
    path,
    message: `has to be what JSON can carry, since it is echoed to the target, not ${kindOf(filter)} that it cannot`,
  })
  return false
}

export function compiles(filter: unknown, path: string, problems: Problem[]): boolean {
  try {
    compileFilter(filter, path)
    return true
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error
    add(problems, error.problems)
    return false
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
