import { useApi } from '@directus/extensions-sdk'
import { onBeforeUnmount, type Ref, ref, watch } from 'vue'
import type { TargetReport } from '../routes/answers.ts'
import { type Poller, poll } from './poll.ts'
import { EVERY_MS, isReport, TIMEOUT_MS, targetRoute, whyNoReport } from './requests.ts'
import { clockOffset } from './times.ts'

export interface ReportOfTarget {
  report: Ref<TargetReport | null>
  /** Why there is no report, or none that is new. */
  trouble: Ref<string | null>
  /** The server's time, moving on every second. */
  now: Ref<number>
  refresh(): void
}

const NOT_OURS = 'The answer cannot be read. Look whether every instance runs the same version of the extension.'

/** The report of a target, renewed while the page is visible; of none while `target` is null. */
export function useReport(target: () => string | number | null): ReportOfTarget {
  const api = useApi()
  const report: Ref<TargetReport | null> = ref(null)
  const trouble: Ref<string | null> = ref(null)
  const now = ref(Date.now())
  let offset = 0
  let poller: Poller | undefined

  async function look(id: string | number, signal: AbortSignal): Promise<void> {
    try {
      const answer = await api.get(targetRoute(id), { signal, timeout: TIMEOUT_MS })
      if (signal.aborted) return
      const data: unknown = answer.data?.data
      trouble.value = isReport(data) ? null : NOT_OURS
      if (!isReport(data)) return
      offset = clockOffset(answer.headers['date'], Date.now())
      now.value = Date.now() + offset
      report.value = data
    } catch (error) {
      if (signal.aborted) return
      const { text, keep } = whyNoReport(error)
      trouble.value = text
      if (!keep) report.value = null
    }
  }

  watch(
    target,
    (id) => {
      poller?.stop()
      poller = undefined
      report.value = null
      trouble.value = null
      if (id !== null) poller = poll((signal) => look(id, signal), EVERY_MS, document)
    },
    { immediate: true },
  )
  const tick = setInterval(() => {
    now.value = Date.now() + offset
  }, 1000)
  onBeforeUnmount(() => {
    clearInterval(tick)
    poller?.stop()
  })

  return { report, trouble, now, refresh: () => poller?.lookNow() }
}
