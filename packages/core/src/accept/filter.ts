import { kindOf, PipelineError, type Problem } from '../errors.ts'
import type { ChangeEvent } from '../types.ts'
import { nearest } from './nearest.ts'
import { OPERATORS, type Tester } from './operators.ts'
import { someAt } from './paths.ts'

/** True, false, or unknown (undefined). */
export type Tri = true | false | undefined

export interface FilterContext {
  collection: string
  event: ChangeEvent
  /** The change's timestamp: what `$NOW` stands for. */
  now: number
}

export interface CompiledFilter {
  /** The dotted paths that it reads. */
  fields: readonly string[]
  /** A field that the state does not hold is unknown, and so is what depends on it. */
  test(state: Readonly<Record<string, unknown>>, context: FilterContext): Tri
}

type Test = CompiledFilter['test']

const MAX_DEPTH = 32

/**
 * Compiles a filter in Directus syntax. Several fields or operators in one object all have to hold; `{}` always holds. Of
 * a relation to many, any member will do. Throws FILTER_INVALID, naming every problem by its path.
 */
export function compileFilter(filter: unknown, path = 'filter'): CompiledFilter {
  const problems: Problem[] = []
  const fields = new Set<string>()
  const test = compileNode(filter, path, '', [], fields, problems)
  if (problems.length > 0) {
    throw new PipelineError('FILTER_INVALID', problems.map((problem) => `${problem.path}: ${problem.message}`).join('; '), {
      problems,
    })
  }
  return { fields: [...fields], test }
}

/** `field` is the dotted path that the node is about, empty at the top; `above`: the nodes that hold it. */
function compileNode(
  node: unknown,
  path: string,
  field: string,
  above: readonly unknown[],
  fields: Set<string>,
  problems: Problem[],
): Test {
  const wrong = (at: string, message: string): Test => {
    problems.push({ path: at, message })
    return () => undefined
  }
  if (!isPlain(node)) {
    return wrong(
      path,
      `has to be an object such as ${field === '' ? '{ status: { _eq: … } }' : '{ _eq: … }'}, not ${kindOf(node)}`,
    )
  }
  if (above.includes(node)) return wrong(path, 'is cyclic: it holds itself')
  if (above.length > MAX_DEPTH) return wrong(path, `is nested more than ${MAX_DEPTH} levels deep`)
  const around = [...above, node]
  const tests = Object.entries(node).map(([name, value]): Test => {
    const here = `${path}.${name}`
    if (name === '_and' || name === '_or') {
      if (!Array.isArray(value)) return wrong(here, `has to be an array of filters, not ${kindOf(value)}`)
      const parts = value.map((part, index) => compileNode(part, `${here}[${index}]`, field, around, fields, problems))
      return name === '_and' ? all(parts) : any(parts)
    }
    if (name.startsWith('_')) {
      const operator = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined
      if (operator === undefined) return wrong(here, unknownOperator(name))
      if (field === '') return wrong(here, 'stands without a field: write { field: { operator: value } }')
      const tester = operator(value)
      return typeof tester === 'string' ? wrong(here, tester) : onField(field, tester, fields)
    }
    const problem = fieldProblem(name, field)
    if (problem !== null) return wrong(here, problem)
    return compileNode(value, here, field === '' ? name : `${field}.${name}`, around, fields, problems)
  })
  return tests.length === 1 ? (tests[0] as Test) : all(tests)
}

/** Objects as literals and JSON make them, of any realm: a date or a map has no entries, and would ask for nothing. */
function isPlain(node: unknown): node is Readonly<Record<string, unknown>> {
  return Object.prototype.toString.call(node) === '[object Object]'
}

function fieldProblem(name: string, within: string): string | null {
  if (name.includes('(')) return 'is a function, which is not supported: compare the field itself'
  if (name.startsWith('$') && !(within === '' && (name === '$event' || name === '$collection'))) {
    return 'is not a field: only $event and $collection may begin with a dollar sign'
  }
  if (within.startsWith('$')) return `is no operator: ${within} is a word and has no fields`
  return name.split('.').includes('') ? 'is not the path of a field: a name is missing before or after a dot' : null
}

function onField(field: string, { test, whole, none }: Tester, fields: Set<string>): Test {
  if (field.startsWith('$')) {
    const given = field === '$event' ? 'event' : 'collection'
    return (_state, context) => test(context[given], context.now) !== (none === true)
  }
  fields.add(field)
  const passes = whole
    ? test
    : (value: unknown, now: number) => (Array.isArray(value) ? value.some((one) => test(one, now)) : test(value, now))
  if (!none) return (state, { now }) => someAt(state, field, passes, now)
  return (state, { now }) => {
    const some = someAt(state, field, passes, now)
    return some === undefined ? undefined : !some
  }
}

function all(tests: readonly Test[]): Test {
  return (state, context) => {
    let result: Tri = true
    for (const test of tests) {
      const one = test(state, context)
      if (one === false) return false
      if (one === undefined) result = undefined
    }
    return result
  }
}

function any(tests: readonly Test[]): Test {
  // As in Directus, an empty list asks for nothing.
  if (tests.length === 0) return () => true
  return (state, context) => {
    let result: Tri = false
    for (const test of tests) {
      const one = test(state, context)
      if (one === true) return true
      if (one === undefined) result = undefined
    }
    return result
  }
}

function unknownOperator(name: string): string {
  if (name === '_some' || name === '_none') return 'is not supported: of a relation to many, any member matches by default'
  const guess = nearest(name, ['_and', '_or', ...Object.keys(OPERATORS)])
  return `is no operator${guess === undefined ? '' : `; did you mean ${guess}?`}`
}
