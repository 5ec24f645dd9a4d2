/** The extension's environment variables. One that is wrong is told and counts as not set: it must not keep Directus from starting. */
import type { Format } from '@unstale/core'
import ms, { type StringValue } from 'ms'

export interface Settings {
  enabled: boolean
  /** Whether collections, fields and tables may be created. */
  schemaChanges: boolean
  /** Of targets whose row does not say. */
  format: Format
  /** Milliseconds, and items; of targets whose row does not say. */
  window: { quiet?: number; max?: number; size?: number }
  horizon: number | null
  timeout: number | undefined
  lease: number | undefined
  concurrency: number | undefined
  network: { allow: readonly string[]; https?: 'required' | 'any' }
  /** Milliseconds for which the old signing key goes on signing after a rotation. */
  keyOverlap: number
  /** Whether Directus's own response cache is emptied before a flush. */
  purgeCache: boolean
  /** Begins the names of the extension's own tables. */
  tablePrefix: string
  log: { records?: number; maxAge?: number }
}

export interface ReadSettings {
  settings: Settings
  /** One line for each variable that is wrong. */
  problems: string[]
}

/** Private networks may be called unless the administrator narrows it: rows are theirs. Metadata and link-local addresses never are. */
export const PRIVATE: readonly string[] = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '::1/128',
  'fc00::/7',
]

export function readSettings(env: Readonly<Record<string, unknown>>): ReadSettings {
  const problems: string[] = []

  function read<T>(name: string, what: string, parse: (value: unknown) => T | undefined): T | undefined {
    const value = env[name]
    if (value === undefined || value === null || value === '') return undefined
    const parsed = parse(value)
    if (parsed === undefined) problems.push(`${name} has to be ${what}; it is left at its default`)
    return parsed
  }
  const bool = (name: string) => read(name, 'true or false', toBoolean)
  const duration = (name: string, least: number, most: number) =>
    read(name, `a duration from ${ms(least)} to ${ms(most)}, such as 500, 30s or 7d`, (value) =>
      within(toDuration(value), least, most),
    )
  const count = (name: string, most: number) =>
    read(name, `a whole number from 1 to ${most}`, (value) =>
      within(Number.isInteger(Number(value)) ? Number(value) : undefined, 1, most),
    )
  const oneOf = <T extends string>(name: string, values: readonly T[]) =>
    read(name, values.join(' or '), (value) => values.find((one) => one === value))

  const window = {
    ...given('quiet', duration('UNSTALE_WINDOW_QUIET', 0, HOUR)),
    ...given('max', duration('UNSTALE_WINDOW_MAX', 0, HOUR)),
    ...given('size', count('UNSTALE_WINDOW_SIZE', 10_000)),
  }
  if ((window.quiet ?? 50) > (window.max ?? 300)) {
    problems.push(
      'UNSTALE_WINDOW_MAX has to be at least UNSTALE_WINDOW_QUIET (50 ms and 300 ms by default); both are left at their defaults',
    )
    delete window.quiet
    delete window.max
  }
  const networks = read('UNSTALE_NETWORK_ALLOW', 'a list of addresses, CIDRs or host names, or none', toList)
  const https = oneOf('UNSTALE_NETWORK_HTTPS', ['required', 'any'])
  const settings: Settings = {
    enabled: bool('UNSTALE_ENABLED') ?? true,
    schemaChanges: !(toBoolean(env['CACHE_FLUSH_DISABLE_SCHEMA_CHANGE']) || toBoolean(env['DISABLE_EXTENSION_SCHEMA_CHANGE'])),
    format: oneOf('CACHE_FLUSH_DEFAULT_FORMAT', ['batch', 'single', 'ids']) ?? 'batch',
    window,
    horizon: duration('UNSTALE_RETRY_HORIZON', 60_000, 365 * 24 * HOUR) ?? null,
    timeout: duration('UNSTALE_TIMEOUT', 100, 120_000),
    lease: duration('UNSTALE_LEASE', 1000, 600_000),
    concurrency: count('UNSTALE_CONCURRENCY', 1000),
    network: { allow: networks ?? PRIVATE, ...given('https', https) },
    keyOverlap: duration('UNSTALE_KEY_OVERLAP', 0, 365 * 24 * HOUR) ?? 24 * HOUR,
    purgeCache: bool('UNSTALE_PURGE_DIRECTUS_CACHE') ?? false,
    tablePrefix:
      read('UNSTALE_TABLE_PREFIX', '1 to 40 small letters, digits and underscores, not beginning with a digit', (value) =>
        /^[a-z_][a-z0-9_]{0,39}$/.test(String(value)) ? String(value) : undefined,
      ) ?? 'unstale_',
    log: {
      ...given('records', count('UNSTALE_LOG_RECORDS', 10_000_000)),
      ...given('maxAge', duration('UNSTALE_LOG_MAX_AGE', 60_000, 365 * 24 * HOUR)),
    },
  }
  return { settings, problems }
}

const HOUR = 3_600_000

/** Directus casts what it finds in its environment: `true`, numbers and comma lists arrive as such. */
export function toBoolean(value: unknown): boolean | undefined {
  const text = String(value).toLowerCase()
  return text === 'true' ? true : text === 'false' ? false : undefined
}

function toDuration(value: unknown): number | undefined {
  const text = String(value).trim()
  const number = /^\d+$/.test(text)
    ? Number(text)
    : /^\d+(\.\d+)? ?(ms|s|m|h|d)$/.test(text)
      ? ms(text as StringValue)
      : undefined
  return number === undefined ? undefined : Math.round(number)
}

function toList(value: unknown): string[] {
  const list = Array.isArray(value) ? value.map(String) : String(value).split(',')
  const members = list.map((member) => member.trim()).filter((member) => member !== '')
  return members.length === 1 && members[0] === 'none' ? [] : members
}

function within(value: number | undefined, least: number, most: number): number | undefined {
  return value !== undefined && value >= least && value <= most ? value : undefined
}

function given<K extends string, V>(name: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { [P in K]?: V }
}
