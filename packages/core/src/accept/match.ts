import { PipelineError } from '../errors.ts'
import type { Change, ChangeEvent, Rule, Target } from '../types.ts'
import { EVENTS } from './change.ts'
import { type CompiledFilter, compileFilter, type Tri } from './filter.ts'
import { fingerprint } from './fingerprint.ts'
import { type State, statesOf, type View } from './trim.ts'

/** A target with its rules compiled, once per load. */
export interface BoundTarget {
  target: Target
  /** Names the rules and the format. */
  revision: string
  /** Its rules for one collection and event (`any`: for whatever happened to an item); null: it does not care. */
  planFor(collection: string, event: ChangeEvent | 'any'): Plan | null
  /** The events that its rules on a collection ask for. */
  eventsOf(collection: string): ReadonlySet<ChangeEvent>
}

/** What one target asks of one collection and event. */
export interface Plan {
  bound: BoundTarget
  rules: readonly CompiledRule[]
  /** The view of every change where no rule has a filter; null where one has, or the event is open. */
  plain: View | null
}

export interface Interest {
  /** Fields of the state after (for a delete: the last values) that somebody asked for; `'*'` stands for all. */
  fields: readonly string[]
  /** Fields of the state before. */
  previous: readonly string[]
}

export interface Matcher {
  /** Every target, by uid. */
  readonly targets: ReadonlyMap<string, BoundTarget>
  /** Calls `found`, with the states before and after, for each published target that asked for the change; costs nothing for those that did not. */
  match(change: Change, found: (plan: Plan, view: View, before: State | null, after: State | null) => void): void
  /** What a source has to read; null: nobody asked. */
  interest(collection: string, event: ChangeEvent): Interest | null
}

/** Told of what a target does not hear as it should, and why. */
export type Warn = (target: Target, error: PipelineError) => void

interface CompiledRule {
  rule: Rule
  filter: CompiledFilter | null
}

type Plans = Partial<Record<ChangeEvent, Plan[]>>

const NO_PLANS: readonly Plan[] = []

/** Indexes the published targets by collection and event. */
export function createMatcher(targets: readonly Target[], warn: Warn): Matcher {
  const byUid = new Map<string, BoundTarget>()
  const named = new Map<string, Plans>()
  const namedBy = new Map<string, Set<string>>()
  const everywhere: Plans = {}

  for (const target of targets) {
    const bound = bind(target)
    byUid.set(target.uid, bound)
    if (target.status !== 'published') continue
    const collections = new Set(target.rules.map((rule) => rule.collection))
    for (const collection of collections) {
      const plans = collection === '*' ? everywhere : entryOf(named, collection, () => ({}) as Plans)
      if (collection !== '*' && collections.has('*')) entryOf(namedBy, collection, () => new Set<string>()).add(target.uid)
      for (const event of EVENTS) {
        const plan = bound.planFor(collection, event)
        if (plan !== null) (plans[event] ??= []).push(plan)
      }
    }
  }

  /** Calls `each` for the plans of one collection and event: those that name it, then those that name every collection. */
  const forEachPlan = (collection: string, event: ChangeEvent, each: (plan: Plan) => void): void => {
    for (const plan of named.get(collection)?.[event] ?? NO_PLANS) each(plan)
    const wide = everywhere[event]
    if (wide === undefined) return
    // A target that names the collection as well has had its plan above, with both kinds of rules in it.
    const done = namedBy.get(collection)
    for (const plan of wide) if (done === undefined || !done.has(plan.bound.target.uid)) each(plan)
  }

  const interests = new Map<string, Interest | null>()
  return {
    targets: byUid,
    match(change, found) {
      const { before, after } = statesOf(change)
      forEachPlan(change.collection, change.event, (plan) => {
        const view = viewOf(plan, change, before, after, warn)
        if (view !== null) found(plan, view, before, after)
      })
    },
    interest(collection, event) {
      const name = `${event} ${collection}`
      let known = interests.get(name)
      if (known === undefined) {
        const plans: Plan[] = []
        forEachPlan(collection, event, (plan) => plans.push(plan))
        known = interestOf(plans, event)
        // Bounded, since names of collections come from outside.
        if (interests.size < 10_000) interests.set(name, known)
      }
      return known
    },
  }
}

/** Which view of a change one target gets; null: none. Either state matches, and unknown matches. */
export function viewOf(plan: Plan, change: Change, before: State | null, after: State | null, warn: Warn): View | null {
  if (change.key === '*' && !plan.bound.target.wholeCollection) {
    const why = 'the target does not take whole collections: set wholeCollection, or report the items one by one'
    warn(
      plan.bound.target,
      new PipelineError('CHANGE_INVALID', `a change of the whole of "${change.collection}" is not sent: ${why}`),
    )
    return null
  }
  if (plan.plain !== null) return plan.plain
  const now = change.timestamp
  const context = { collection: change.collection, event: change.event, now }
  const test = (rule: CompiledRule, state: State | null): Tri => {
    if (state === null) return false
    if (rule.filter === null) return true
    try {
      return rule.filter.test(state, context)
    } catch (error) {
      const message = `a filter on "${change.collection}" failed and matches everything until it is mended`
      warn(plan.bound.target, new PipelineError('FILTER_INVALID', message, { cause: error }))
      return undefined
    }
  }
  const afters: CompiledRule[] = []
  const befores: CompiledRule[] = []
  const old = new Set<string>()
  let unknown = false
  for (const rule of plan.rules) {
    const isAfter = test(rule, after)
    const wasBefore = isAfter === true && (rule.rule.previous ?? []).length === 0 ? undefined : test(rule, before)
    if (isAfter === true) afters.push(rule)
    else if (wasBefore === true) befores.push(rule)
    else if (isAfter === undefined || wasBefore === undefined) unknown = true
    // Old values of a state that is known not to have matched were never published.
    if ((isAfter === true || wasBefore === true) && wasBefore !== false)
      for (const name of rule.rule.previous ?? []) old.add(name)
  }
  if (afters.length > 0) return view('after', afters, old, plan)
  if (befores.length > 0) return view('before', befores, old, plan)
  return unknown ? { shows: 'key', payload: [], previous: [], filtered: [] } : null
}

function view(shows: 'after' | 'before', rules: readonly CompiledRule[], old: ReadonlySet<string>, plan: Plan): View {
  return { shows, payload: union(rules, (rule) => rule.rule.payload), previous: [...old], filtered: filteredBy(plan.rules) }
}

function bind(target: Target): BoundTarget {
  const rules: CompiledRule[] = target.rules.map((rule) => ({
    rule,
    filter: rule.filter === undefined ? null : compileFilter(rule.filter),
  }))
  const plans = new Map<string, Plan | null>()
  const asked = new Map<string, ReadonlySet<ChangeEvent>>()
  const names = new Set(target.rules.map((rule) => rule.collection))
  const applying = (collection: string) => rules.filter(({ rule }) => rule.collection === collection || rule.collection === '*')
  const bound: BoundTarget = {
    target,
    revision: fingerprint(JSON.stringify([target.rules, target.format])),
    planFor(collection, event) {
      // Collections that no rule names share the plan of `'*'`.
      const name = names.has(collection) ? collection : '*'
      const cached = plans.get(`${event} ${name}`)
      if (cached !== undefined) return cached
      const chosen = applying(name).filter(({ rule }) => event === 'any' || rule.events.includes(event))
      const plan: Plan | null =
        chosen.length === 0 ? null : { bound, rules: chosen, plain: event === 'any' ? null : plainView(chosen, event) }
      plans.set(`${event} ${name}`, plan)
      return plan
    },
    eventsOf(collection) {
      const name = names.has(collection) ? collection : '*'
      return entryOf(asked, name, () => new Set(applying(name).flatMap(({ rule }) => rule.events)))
    },
  }
  return bound
}

function plainView(rules: readonly CompiledRule[], event: ChangeEvent): View | null {
  if (rules.some((rule) => rule.filter !== null)) return null
  return {
    shows: event === 'delete' ? 'before' : 'after',
    payload: union(rules, (rule) => rule.rule.payload),
    previous: union(rules, (rule) => rule.rule.previous ?? []),
    filtered: [],
  }
}

function interestOf(plans: readonly Plan[], event: ChangeEvent): Interest | null {
  if (plans.length === 0) return null
  const rules = plans.flatMap((plan) => plan.rules)
  const payload = union(rules, (rule) => rule.rule.payload)
  const filtered = filteredBy(rules)
  const old = union(rules, (rule) => rule.rule.previous ?? [])
  if (event === 'create') return { fields: unite(payload, filtered), previous: [] }
  // Nothing is left after a delete: the last values serve as payload and as old values alike.
  if (event === 'delete') return { fields: unite(payload, filtered, old), previous: [] }
  // What leaves a filter is announced with the values of the state that matched.
  const leaving = union(
    rules.filter((rule) => rule.filter !== null),
    (rule) => rule.rule.payload,
  )
  return { fields: unite(payload, filtered, old), previous: unite(old, filtered, leaving) }
}

function filteredBy(rules: readonly CompiledRule[]): string[] {
  return union(rules, (rule) => rule.filter?.fields ?? [])
}

function union(rules: readonly CompiledRule[], of: (rule: CompiledRule) => readonly string[]): string[] {
  return unite(...rules.map(of))
}

function unite(...lists: (readonly string[])[]): string[] {
  const all = [...new Set(lists.flat())]
  // What is related is not among all the fields of an item.
  return all.includes('*') ? ['*', ...all.filter((path) => path.includes('.'))] : all
}

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}
