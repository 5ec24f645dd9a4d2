import type { RuleInput, TargetInput } from './config.ts'
import { kindOf, PipelineError } from './errors.ts'
import type { Auth, Format } from './types.ts'

/**
 * A row of the collection `cache_flush_targets` as a target: `id`, `status`, `url`, `auth_header`, `api_key` and `schema`
 * of the original extension, with optional columns of our own: `name`, `key`, `format` (else `defaultFormat`, else
 * `batch`), `signing_keys` (array, or JSON of one), `window`, `retry`, `timeout` (JSON or objects).
 * Throws CONFIG_INVALID where the row has no such form; what it holds is validated like any target.
 */
export function toTarget(row: unknown, { defaultFormat = 'batch' }: { defaultFormat?: Format } = {}): TargetInput {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) throw wrong('row', `has to be an object, not ${kindOf(row)}`)
  const {
    id,
    status,
    url,
    auth_header,
    api_key,
    schema,
    name,
    key,
    format,
    signing_keys,
    window,
    retry,
    timeout,
    wholeCollection,
  } = row as Record<string, unknown>
  if (typeof id !== 'string' && typeof id !== 'number' && typeof id !== 'bigint')
    throw wrong('id', `has to be the row's primary key, not ${kindOf(id)}`)
  if (typeof url !== 'string') throw wrong('url', `has to be a url as text, not ${kindOf(url)}`)
  const uid = String(id)
  const optional: Record<string, unknown> = {
    window: read('window', window),
    retry: read('retry', retry),
    timeout: read('timeout', timeout),
    wholeCollection: wholeCollection === 0 || wholeCollection === 1 ? wholeCollection === 1 : wholeCollection,
    secrets: read('signing_keys', signing_keys),
  }
  return {
    uid,
    key: typeof key === 'string' && key !== '' ? key : uid,
    name: typeof name === 'string' && name !== '' ? name : hostOf(url),
    url,
    status: (status ?? 'draft') as 'draft',
    auth: toAuth(auth_header, api_key),
    rules: toRules(read('schema', schema)),
    format: (format ?? defaultFormat) as Format,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined && value !== null)),
  }
}

function toAuth(header: unknown, key: unknown): Auth {
  if (header === 'no-auth') return { type: 'none' }
  if (typeof key !== 'string' || key === '')
    throw wrong('api_key', `has to be a text unless auth_header is "no-auth", not ${kindOf(key)}`)
  if (header === undefined || header === null || header === '' || header === 'bearer') return { type: 'bearer', token: key }
  if (typeof header !== 'string')
    throw wrong('auth_header', `has to be "bearer", "api-key", "no-auth" or a header's name, not ${kindOf(header)}`)
  return { type: 'header', name: header === 'api-key' ? 'Api-Key' : header, value: key }
}

/** No schema: no rules. A rule without `payload` is from format 1.0, and sends none. */
function toRules(schema: unknown): RuleInput[] {
  if (schema === null || schema === undefined) return []
  if (!Array.isArray(schema))
    throw wrong('schema', `has to be an array of { collection, events, payload }, not ${kindOf(schema)}`)
  return schema.map((rule: unknown, index) => {
    if (typeof rule !== 'object' || rule === null || Array.isArray(rule))
      throw wrong(`schema[${index}]`, `has to be { collection, events, payload }, not ${kindOf(rule)}`)
    const { payload, filter, previous, ...rest } = rule as RuleInput
    return {
      ...rest,
      payload: payload ?? [],
      ...(filter === undefined || filter === null ? undefined : { filter }),
      ...(previous === undefined || previous === null ? undefined : { previous }),
    }
  })
}

/** Some databases hand JSON columns out as text. */
function read(path: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  if (value === '') return null
  try {
    return JSON.parse(value)
  } catch {
    throw wrong(path, 'is not valid JSON')
  }
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'target'
}

function wrong(path: string, message: string): PipelineError {
  return new PipelineError('CONFIG_INVALID', `${path}: ${message}`, { problems: [{ path, message }] })
}
