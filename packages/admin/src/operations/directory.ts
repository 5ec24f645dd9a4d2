/** The targets of the table, those included that have to be mended. */
import { checkTargets, type Target, type TargetRow } from '@unstale/core'
import type { Context } from '../options.ts'
import { Problem } from '../problem.ts'

export interface KnownTarget {
  uid: string
  key: string
  name: string
  /** Without query, fragment and userinfo. */
  url: string
  /** Null: it is left out until `problems` are mended. */
  target: Target | null
  /** What is wrong with it, or with rules of it that are left out. No message holds a value. */
  problems: readonly string[]
}

export interface Directory {
  /** By name. */
  list(): Promise<readonly KnownTarget[]>
  /** By uid or key. */
  look(name: string): Promise<KnownTarget | undefined>
  /** As `look`; rejects with 404. */
  find(name: string): Promise<KnownTarget>
}

export function createDirectory({ targets }: Pick<Context, 'targets'>): Directory {
  let known: { version: number; list: readonly KnownTarget[] } | null = null

  async function list(): Promise<readonly KnownTarget[]> {
    const { rows, version } = await targets.table.rows.read()
    // Checking many is work: it is done once for each version.
    if (known?.version !== version) known = { version, list: fromRows(rows).sort(byName) }
    return known.list
  }

  async function look(name: string): Promise<KnownTarget | undefined> {
    const all = await list()
    return all.find(({ uid }) => uid === name) ?? all.find(({ key }) => key === name)
  }

  return {
    list,
    look,
    async find(name) {
      const found = await look(name)
      if (found === undefined) throw new Problem(404, 'There is no such target.')
      return found
    },
  }
}

function fromRows(rows: readonly TargetRow[]): KnownTarget[] {
  const { targets, problems } = checkTargets(rows.map(({ key, uid, target }) => ({ ...(target as object), key, uid })))
  const byUid = new Map(targets.map((target) => [target.uid, target]))
  const said = new Map<number, string[]>()
  for (const { path, message } of problems) {
    const [, index, rest = ''] = /^targets\[(\d+)\]\.?(.*)$/s.exec(path) ?? []
    const of = Number(index)
    said.set(of, [...(said.get(of) ?? []), rest === '' ? message : `${rest}: ${message}`])
  }
  return rows.map(({ key, uid, target: written }, index) => {
    const target = byUid.get(uid)
    if (target !== undefined && target.key === key) return { ...toKnown(target), problems: said.get(index) ?? [] }
    const { name, url } = (written ?? {}) as { name?: unknown; url?: unknown }
    return {
      uid,
      key,
      name: typeof name === 'string' ? name : key,
      url: typeof url === 'string' ? redacted(url) : '',
      target: null,
      problems: said.get(index) ?? [],
    }
  })
}

function toKnown(target: Target): KnownTarget {
  const { uid, key, name, url } = target
  return { uid, key, name, url: redacted(url), target, problems: [] }
}

function byName(one: KnownTarget, other: KnownTarget): number {
  return one.name.localeCompare(other.name, 'en') || (one.key < other.key ? -1 : 1)
}

function redacted(url: string): string {
  if (!URL.canParse(url)) return ''
  const { origin, pathname } = new URL(url)
  return origin + pathname
}
