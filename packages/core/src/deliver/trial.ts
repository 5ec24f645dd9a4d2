import type { AttemptResult, Target } from '../types.ts'
import { toBatchBody, toIdsBody, toSingleBody } from '../wire/formats.ts'
import { type AttemptDeps, attempt } from './attempt.ts'

/**
 * One request that announces nothing, to see whether a target can be reached and takes our credentials: an empty batch, no
 * ids, or, where a body is one event, one of the collection `unstale_test`. It goes past the store: nothing is counted.
 */
export function trial(target: Target, deps: AttemptDeps & { newId(): string }): Promise<AttemptResult> {
  const { signal } = new AbortController()
  return attempt({ id: deps.newId(), seq: 0, epoch: 0 }, bodyOf(target, deps.clock.now()), target, signal, deps)
}

function bodyOf({ format, uid, key, name, url, filter }: Target, timestamp: number): string {
  if (format === 'batch') return toBatchBody([])
  if (format === 'ids') return toIdsBody([], { name, id: uid, key, url, ...(filter === undefined ? undefined : { filter }) })
  return toSingleBody({ collection: 'unstale_test', event: 'update', key: 'test', fields: '{"id":"test"}', timestamp })
}
