import type { Api } from '../harness/index.ts'
import { until } from '../until.ts'

/** What the endpoint answers of a target, as far as these tests look at it. */
export interface Report {
  id: string
  name: string
  url: string
  status: string
  health: { state: string; reason?: string; failures?: number }
  pending: number
  oldestAt: number | null
  inFlight: number
  dead: number
  signing: { keys: number; overlapUntil: number | null }
  problems: string[]
  deliveries: {
    verdict: string
    status?: number
    message?: string
    attempt: number
    count: number
    items: object[]
    body?: string
  }[]
  mayAct: boolean
}

export const reportOf = (api: Api, id: string): Promise<Report> => api.get(`/unstale/targets/${id}`)

export const act = <T = unknown>(api: Api, id: string, action: string, body: object = {}): Promise<T> =>
  api.post<T>(`/unstale/targets/${id}/${action}`, body)

/** Waits until the report will do, and answers it. */
export const reported = (api: Api, id: string, fits: (report: Report) => boolean): Promise<Report> =>
  until(() => reportOf(api, id), fits)
