/** From what people write to targets. The only file that knows zod. */
import * as z from 'zod'
import { EVENTS } from './accept/change.ts'
import { nearest } from './accept/nearest.ts'
import { kindOf, PipelineError, type Problem } from './errors.ts'
import { LONGEST } from './ports.ts'
import {
  add,
  compiles,
  isJson,
  isObject,
  keyProblem,
  LONGEST_NAME,
  nameProblem,
  oldPathProblem,
  pathProblem,
  secretProblem,
  urlProblem,
  wholeRule,
} from './target-fields.ts'
import type { Filter, RetryPolicy, Rule, Target, WindowPolicy } from './types.ts'
import { headerNameProblem, headerValueProblem, redactUrl } from './wire/headers.ts'

export type { RuleInput, TargetInput } from './target-input.ts'

/** 50 ms of quiet, 300 ms at most, 500 items. */
export const DEFAULT_WINDOW: WindowPolicy = { quiet: 50, max: 300, size: 500 }

const HOUR = 3_600_000

/** 1, 2, 5, 10, 30 s; then every minute for an hour, every 5 minutes for a day, every half hour from then on. */
export const DEFAULT_RETRY: RetryPolicy = {
  delays: [1000, 2000, 5000, 10_000, 30_000],
  then: [
    { every: 60_000, within: HOUR },
    { every: 300_000, within: 24 * HOUR },
    { every: 1_800_000, within: Number.POSITIVE_INFINITY },
  ],
  jitter: 0.2,
  maxRetryAfter: 900_000,
  horizon: null,
}

/** Validates targets. Throws CONFIG_INVALID that lists every problem with its path. */
export function parseTargets(input: unknown): Target[] {
  const { targets, problems } = checkTargets(input)
  if (problems.length > 0) throw invalid(problems)
  return targets
}

/** What a list of targets holds. */
export interface CheckedTargets {
  targets: Target[]
  problems: Problem[]
  /** Uids of those that were left out, as far as they could be read: they are not gone. */
  leftOut: string[]
}

/** As `parseTargets`, for rows that others edit: a bad target or rule is left out and told, the others work. Throws only if it is no list. */
export function checkTargets(rows: unknown): CheckedTargets {
  if (!Array.isArray(rows)) throw invalid([{ path: 'targets', message: `has to be an array of targets, not ${kindOf(rows)}` }])
  const problems: Problem[] = []
  const targets: Target[] = []
  const leftOut: string[] = []
  const taken = { uid: new Set<string>(), key: new Set<string>() }
  for (const [index, row] of rows.entries()) {
    const path = `targets[${index}]`
    const target = checkTarget(row, path, problems)
    if (target === null) {
      const uid = uidOf(row)
      if (uid !== undefined) leftOut.push(uid)
      continue
    }
    const twice = (['uid', 'key'] as const).filter((name) => taken[name].has(target[name]))
    for (const name of twice) {
      problems.push({
        path: `${path}.${name}`,
        message: `${JSON.stringify(target[name])} is taken by another target; give each its own`,
      })
    }
    if (twice.length > 0) continue
    taken.uid.add(target.uid)
    taken.key.add(target.key)
    targets.push(target)
  }
  return { targets, problems, leftOut }
}

function invalid(problems: readonly Problem[]): PipelineError {
  return new PipelineError('CONFIG_INVALID', problems.map(({ path, message }) => `${path}: ${message}`).join('; '), { problems })
}

/** The uid that a target would have had. */
function uidOf(row: unknown): string | undefined {
  const { uid, key, url } = (isObject(row) ? row : {}) as { uid?: unknown; key?: unknown; url?: unknown }
  const named = uid ?? key
  if (typeof named === 'string') return named
  return typeof url === 'string' ? redactUrl(url) : undefined
}

function checkTarget(row: unknown, path: string, problems: Problem[]): Target | null {
  if (!isObject(row)) {
    problems.push({ path, message: `has to be a target: an object with at least a url, not ${kindOf(row)}` })
    return null
  }
  // Rules are read one by one, so that a bad one does not take the others with it.
  const { rules: written, ...rest } = row as { rules?: unknown; filter?: unknown }
  const parsed = targetSchema.safeParse(rest)
  if (!parsed.success) add(problems, problemsOf(parsed.error, path, TARGET_NAMES))
  const filterIsFine = written === undefined || isJson(rest.filter, `${path}.filter`, problems)
  const rules = readRules(written, rest.filter, path, problems)
  if (!parsed.success || rules === null || !filterIsFine) return null
  const { url, key = redactUrl(url), secret, secrets = [], window, retry, filter, ...others } = parsed.data
  const uid = others.uid ?? key
  if (uid.length > LONGEST_NAME) {
    problems.push({
      path: `${path}.uid`,
      message: `has to be given: the ${parsed.data.key === undefined ? 'url' : 'key'} that stands in for it is longer than ${LONGEST_NAME} characters`,
    })
    return null
  }
  return {
    ...others,
    url,
    key,
    uid,
    name: others.name ?? key,
    secrets: secret === undefined ? secrets : [secret, ...secrets],
    rules,
    window: { ...DEFAULT_WINDOW, ...defined(window) },
    retry: { ...DEFAULT_RETRY, ...defined(retry) },
    ...(filter === undefined ? undefined : { filter }),
  }
}

function readRules(written: unknown, filter: unknown, path: string, problems: Problem[]): Rule[] | null {
  if (written === undefined) {
    const rule = wholeRule(filter, `${path}.filter`, problems)
    return rule === null ? null : [rule]
  }
  if (!Array.isArray(written)) {
    problems.push({ path: `${path}.rules`, message: `has to be an array of rules, not ${kindOf(written)}` })
    return null
  }
  return written.flatMap((rule, index) => {
    const here = `${path}.rules[${index}]`
    const parsed = ruleSchema.safeParse(rule)
    if (!parsed.success) add(problems, problemsOf(parsed.error, here, RULE_NAMES))
    // Looked at in any case: whoever mends a rule wants to know all that is wrong with it.
    const own = (rule as { filter?: Filter } | null | undefined)?.filter
    const isSound = own === undefined || compiles(own, `${here}.filter`, problems)
    if (!parsed.success || !isSound) return []
    const { previous, filter: _filter, ...others } = parsed.data
    return [
      { ...others, ...(own === undefined ? undefined : { filter: own }), ...(previous === undefined ? undefined : { previous }) },
    ]
  })
}

interface Issue {
  code?: string
  input?: unknown
}

/** Says what is expected, and the kind of what is there; what is wrong inside is said there. */
const says = (what: string) => ({
  error: ({ code, input }: Issue) => (code === 'unrecognized_keys' ? undefined : `has to be ${what}, not ${kindOf(input)}`),
})

const numberWhere = (holds: (value: number) => boolean, what: string) =>
  z.custom<number>((value) => typeof value === 'number' && holds(value), {
    error: ({ input }: Issue) => `has to be ${what}, not ${typeof input === 'number' ? input : kindOf(input)}`,
  })

const wholeFrom = (least: number, most: number, what: string) =>
  numberWhere(
    (value) => Number.isInteger(value) && value >= least && value <= most,
    `a whole number of ${what} from ${least} to ${most}`,
  )

const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, {
    error: ({ input }: Issue) => {
      const guess = typeof input === 'string' ? nearest(input, values) : undefined
      const list = `${values
        .slice(0, -1)
        .map((value) => `'${value}'`)
        .join(', ')} or '${values.at(-1)}'`
      return `has to be ${list}, not ${kindOf(input)}${guess === undefined ? '' : `; did you mean '${guess}'?`}`
    },
  })

/** A text with a rule of its own: what it says ends a sentence that begins with the path, and never holds the text. */
const text = (what: string, problem: (text: string) => string | null = () => null) =>
  z.string(says(what)).superRefine((value, context) => {
    const message = value === '' ? `has to be ${what}, not an empty string` : problem(value)
    if (message !== null) context.addIssue({ code: 'custom', message })
  })

/** A list with a rule of its own, which is asked only where there is a list. */
const listOf = <T extends z.ZodType>(member: T, what: string, problem: (length: number) => string | null = () => null) =>
  z.array(member, says(what)).superRefine((list, context) => {
    const message = problem(list.length)
    if (message !== null) context.addIssue({ code: 'custom', message })
  })

const atLeastOne = (what: string) => (length: number) => (length === 0 ? `has to hold at least one ${what}` : null)

const ruleSchema = z.strictObject(
  {
    collection: text("a collection's name, or '*'", nameProblem),
    events: listOf(oneOf(EVENTS), 'an array of events', atLeastOne('event')).default([...EVENTS]),
    payload: listOf(text("a field's name", pathProblem), 'an array of field names').default([]),
    filter: z.custom<Filter>().optional(),
    previous: listOf(text("a field's name", oldPathProblem), 'an array of field names').optional(),
  },
  says('a rule: { collection, events, payload, filter, previous }'),
)

const AUTHS = "{ type: 'none' }, { type: 'bearer', token } or { type: 'header', name, value }"

const authSchema = z
  .discriminatedUnion(
    'type',
    [
      z.strictObject({ type: z.literal('none') }),
      z.strictObject({ type: z.literal('bearer'), token: text('a token', headerValueProblem) }),
      z.strictObject({
        type: z.literal('header'),
        name: text("a header's name", headerNameProblem),
        value: text("the header's value", headerValueProblem),
      }),
    ],
    {
      error: ({ input }: Issue) =>
        `has to be ${AUTHS}, not ${typeof input === 'object' && input !== null && !Array.isArray(input) ? 'an object of another type' : kindOf(input)}`,
    },
  )
  .default({ type: 'none' })

const secretSchema = text('a secret: "whsec_" and base64', secretProblem)

const windowSchema = z
  .strictObject(
    {
      quiet: wholeFrom(0, LONGEST.window, 'milliseconds').optional(),
      max: wholeFrom(0, LONGEST.window, 'milliseconds').optional(),
      size: wholeFrom(1, 10_000, 'entries').optional(),
    },
    says('{ quiet, max, size }'),
  )
  .superRefine(({ quiet = DEFAULT_WINDOW.quiet, max = DEFAULT_WINDOW.max }, context) => {
    if (quiet <= max) return
    const message = `has to be at least window.quiet (${quiet}), or the quiet time could never be waited for, not ${max} (default ${DEFAULT_WINDOW.max})`
    context.addIssue({ code: 'custom', path: ['max'], message })
  })

const stepSchema = z.strictObject(
  {
    every: wholeFrom(100, LONGEST.retry, 'milliseconds'),
    // JSON has no Infinity: null, or nothing, stands for it.
    within: numberWhere((value) => value > 0, 'a number of milliseconds above 0, or Infinity (null in JSON)')
      .nullish()
      .transform((within) => within ?? Number.POSITIVE_INFINITY),
  },
  says('{ every, within }'),
)

const thenSchema = listOf(stepSchema, 'an array of { every, within }', atLeastOne('step')).superRefine((steps, context) => {
  for (const [index, { within }] of steps.entries()) {
    const wrong = (message: string) => context.addIssue({ code: 'custom', path: [index, 'within'], message })
    if (index === steps.length - 1) {
      if (within !== Number.POSITIVE_INFINITY) {
        wrong(
          `has to be Infinity (null in JSON) in the last step, not ${within}: attempts never end; retry.horizon suspends a target`,
        )
      }
    } else if (within >= (steps[index + 1] as { within: number }).within) {
      wrong(`has to be less than in the step after it, not ${within}, or that step would never be reached`)
    }
  }
})

const retrySchema = z.strictObject(
  {
    delays: listOf(wholeFrom(0, LONGEST.retry, 'milliseconds'), 'an array of milliseconds', atLeastOne('delay')).optional(),
    then: thenSchema.optional(),
    jitter: numberWhere((value) => value >= 0 && value <= 1, 'a share from 0 to 1').optional(),
    maxRetryAfter: wholeFrom(0, LONGEST.retry, 'milliseconds').optional(),
    horizon: wholeFrom(1, 365 * 24 * HOUR, 'milliseconds')
      .nullable()
      .optional(),
  },
  says('{ delays, then, jitter, maxRetryAfter, horizon }'),
)

const targetSchema = z.strictObject({
  url: z.preprocess((url) => (typeof url === 'string' ? url.trim() : url), text('a url as text', urlProblem)),
  key: text('a name', keyProblem).optional(),
  uid: text('an id', keyProblem).optional(),
  name: text('a name', nameProblem).optional(),
  status: oneOf(['published', 'draft', 'archived']).default('published'),
  auth: authSchema,
  secrets: listOf(secretSchema, 'an array of secrets', (length) =>
    length > 10 ? `may hold at most 10 secrets, not ${length}` : null,
  ).optional(),
  secret: secretSchema.optional(),
  format: oneOf(['batch', 'single', 'ids']).default('batch'),
  window: windowSchema.optional(),
  retry: retrySchema.optional(),
  timeout: wholeFrom(100, 120_000, 'milliseconds').default(10_000),
  wholeCollection: z.boolean(says('true or false')).default(false),
  maxPending: wholeFrom(1, 10_000_000, 'entries').default(100_000),
  filter: z.unknown().optional(),
})

const RULE_NAMES = Object.keys(ruleSchema.shape)
const TARGET_NAMES = [...Object.keys(targetSchema.shape), 'rules']

/** The properties of what a path leads to, to guess a misspelt one from. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  auth: ['type', 'token', 'name', 'value'],
  window: Object.keys(windowSchema.shape),
  retry: Object.keys(retrySchema.shape),
  'retry.then': Object.keys(stepSchema.shape),
}

/** zod's issues as problems with the path as a user would write it. */
function problemsOf(error: z.ZodError, base: string, known: readonly string[]): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    const path = base + issue.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('')
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
    const names = issue.path.filter((step) => typeof step === 'string').join('.')
    return issue.keys.map((key) => {
      const guess = nearest(key, names === '' ? known : (NAMES[names] ?? []))
      return { path: `${path}.${key}`, message: `is not a property here${guess === undefined ? '' : `; did you mean ${guess}?`}` }
    })
  })
}

function defined<T extends object>(partial: T | undefined): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(partial ?? {}).filter(([, value]) => value !== undefined)) as never
}
