/** Rows of targets as somebody would type them. */
import type { Api, ApiError } from '../harness/index.ts'
import type { Rule } from '../stage.ts'

/** One that nobody receives anything of: it is about what saving it says. */
export function targetRow(rules: unknown, more: object = {}): Record<string, unknown> {
  const whole = (rule: Rule) => ({ events: ['create', 'update', 'delete'], payload: [], ...rule })
  const schema = Array.isArray(rules) ? rules.map(whole) : rules
  return { status: 'published', url: 'http://127.0.0.1:9/flush', auth_header: 'no-auth', schema, ...more }
}

/** What saving such a row is answered. */
export async function refusalOf(work: Promise<unknown>): Promise<{ status: number; message: string }> {
  const error = await work.then(
    () => ({ status: 200, body: {} }),
    (caught: ApiError) => caught,
  )
  const { errors = [] } = error.body as { errors?: { message: string }[] }
  return { status: error.status, message: errors.map(({ message }) => message).join('\n') }
}

export const saving = (api: Api, row: Record<string, unknown>): ReturnType<typeof refusalOf> =>
  refusalOf(api.items('cache_flush_targets').create(row))
