/** What the endpoint `/unstale` answers, as `{ data: … }`; the target's interface in the Studio shows it. Instants are epoch milliseconds. */

/** `GET /unstale/targets/:id`, for those who may read the target's row. */
export interface TargetReport {
  id: string
  name: string
  /** Without query and userinfo. */
  url: string
  status: 'published' | 'draft' | 'archived'
  health: Health
  /** Items that wait or are on their way. */
  pending: number
  /** When the oldest of those was changed; null: none waits. */
  oldestAt: number | null
  /** Items of the request that is on its way. */
  inFlight: number
  /** Items that the receiver refuses, and that are not sent again by themselves. */
  dead: number
  /** When the next request is due; null: none is. */
  dueAt: number | null
  signing: Signing
  /** What is wrong with the row: rules or fields that are left out, and why. */
  problems: string[]
  /** The last attempts, newest first. */
  deliveries: Delivery[]
  /** Whether the caller may flush, test, retry, resume and rotate: whoever may update the row. */
  mayAct: boolean
}

export interface Health {
  /**
   * `fresh`: nothing waits, or only for its window · `catching-up`: something waits for longer · `failing`: attempts fail, and
   * are repeated · `suspended`: nothing is sent until somebody resumes it · `draft`, `archived`: its status ·
   * `left-out`: the row is broken, see `problems`.
   */
  state: 'fresh' | 'catching-up' | 'failing' | 'suspended' | 'draft' | 'archived' | 'left-out'
  /** Since when it has been failing. */
  since?: number
  /** Failed attempts in a row. */
  failures?: number
  /** Why it is suspended: it answered 410, it failed for longer than the horizon, or somebody did it by hand. */
  reason?: 'gone' | 'horizon' | 'manual'
}

export interface Signing {
  /** How many keys sign each request: 0 not signed, 1, or 2 while the old key still counts. */
  keys: number
  /** Until when the old key signs, too; null: there is none. */
  overlapUntil: number | null
}

export interface Delivery {
  id: string
  at: number
  verdict: 'delivered' | 'retry' | 'split' | 'dead' | 'return' | 'aborted'
  /** Of the answer; absent where there was none. */
  status?: number
  /** Why there was no answer. */
  message?: string
  tookMs: number
  /** 1 for the first attempt of its batch. */
  attempt: number
  /** Items of the batch, and the first of them. */
  count: number
  items: { collection: string; key: string | number; event: 'create' | 'update' | 'delete' }[]
  /** The first kilobyte of what the receiver said; for administrators alone. */
  body?: string
}

/** `POST /unstale/targets/:id/test` */
export type TestReport = { status: number; tookMs: number; body?: string } | { message: string; tookMs: number }

/** `POST /unstale/targets/:id/flush`, `POST /unstale/flush` */
export interface FlushReport {
  /** Items that were announced; a whole collection counts as one. */
  announced: number
}

/** `POST /unstale/targets/:id/keys` with `{ action: 'rotate' | 'finish' | 'remove' }` */
export interface KeysReport extends Signing {
  /** The new key, told this once. */
  key?: string
}
