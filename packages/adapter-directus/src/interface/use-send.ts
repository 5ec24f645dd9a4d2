import { useApi } from '@directus/extensions-sdk'
import { type Ref, ref } from 'vue'
import { errorMessage, targetRoute } from './requests.ts'

export type Sent = { ok: true; data: unknown } | { ok: false; message: string }

export interface Sender {
  /** What is under way; one at a time. */
  running: Ref<string | null>
  /** Posts, and answers what came back; undefined: another one is under way. */
  send(name: string, action: string, body?: Record<string, unknown>): Promise<Sent | undefined>
}

/** Posts to a route of the target. A failed request is an answer like any other. */
export function useSend(target: () => string | number): Sender {
  const api = useApi()
  const running: Ref<string | null> = ref(null)

  async function send(name: string, action: string, body: Record<string, unknown> = {}): Promise<Sent | undefined> {
    if (running.value !== null) return undefined
    running.value = name
    try {
      const answer = await api.post(targetRoute(target(), action), body)
      return { ok: true, data: answer.data?.data }
    } catch (error) {
      return { ok: false, message: errorMessage(error) }
    } finally {
      running.value = null
    }
  }

  return { running, send }
}
