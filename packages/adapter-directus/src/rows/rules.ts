/** Rules as their row has them, against what Directus knows of its collections. */
import type { Filter, RuleInput } from '@unstale/core'
import { follow, mayAnnounce } from '../fields.ts'
import type { Schema } from '../host.ts'

export interface CheckedRules {
  rules: RuleInput[]
  /** What was left out, and why; each begins with its path in the row. */
  problems: string[]
}

/**
 * The rules that can be followed. One that names a collection that is not there, or must not be told of, is left out; so are
 * fields that are not there, or are secret. A filter that names such a field takes its rule with it: without it, more would
 * be told than was asked for.
 */
export function checkRules(schema: Schema, rules: readonly RuleInput[]): CheckedRules {
  const problems: string[] = []
  const checked = rules.flatMap((rule, index): RuleInput[] => {
    const at = `schema[${index}]`
    if (typeof rule.collection !== 'string' || rule.collection === '*') return [wellKnown(rule)]
    const collection = named(schema, rule.collection)
    if (!mayAnnounce(collection)) {
      problems.push(
        `${at}.collection: changes of "${collection}" are never announced: it would loop, or tell what is nobody's business`,
      )
      return []
    }
    if (schema.collections[collection] === undefined) {
      problems.push(`${at}.collection: there is no collection "${collection}"`)
      return []
    }
    const sound = (name: 'payload' | 'previous') => {
      const paths = rule[name]
      if (!Array.isArray(paths)) return paths
      return (paths as string[]).filter((path, place) => {
        const followed = typeof path === 'string' ? follow(schema, collection, path) : {}
        if ('problem' in followed) problems.push(`${at}.${name}[${place}]: ${followed.problem}`)
        return !('problem' in followed)
      })
    }
    const wrong = pathsOf(rule.filter)
      .map((path) => follow(schema, collection, path))
      .find((followed) => 'problem' in followed)
    if (wrong !== undefined && 'problem' in wrong) {
      problems.push(`${at}.filter: ${wrong.problem}`)
      return []
    }
    return [wellKnown({ ...rule, collection, payload: sound('payload'), previous: sound('previous') } as RuleInput)]
  })
  return { rules: checked, problems }
}

/** What forms keep in a row besides is none of ours. */
function wellKnown({ collection, events, payload, filter, previous }: RuleInput): RuleInput {
  return {
    collection,
    ...(events === undefined ? undefined : { events }),
    ...(payload === undefined ? undefined : { payload }),
    // A form whose filter was emptied keeps an empty object.
    ...(filter === undefined || filter === null || Object.keys(filter).length === 0 ? undefined : { filter }),
    ...(previous == null ? undefined : { previous }),
  }
}

/** Scopes name system collections without their prefix. */
function named(schema: Schema, collection: string): string {
  const system = `directus_${collection}`
  return schema.collections[collection] === undefined && schema.collections[system] !== undefined ? system : collection
}

/** Paths of the fields that a filter in Directus syntax reads. */
export function pathsOf(filter: Filter | null | undefined, above = ''): string[] {
  if (typeof filter !== 'object' || filter === null) return []
  if (Array.isArray(filter)) return filter.flatMap((one) => pathsOf(one as Filter, above))
  return Object.entries(filter).flatMap(([name, value]) => {
    if (name === '_and' || name === '_or' || name === '_not' || name === '_some' || name === '_none')
      return pathsOf(value as Filter, above)
    if (name.startsWith('_')) return above === '' ? [] : [above]
    if (name.startsWith('$')) return []
    const path = above === '' ? name : `${above}.${name}`
    return typeof value === 'object' && value !== null ? pathsOf(value as Filter, path) : [path]
  })
}
