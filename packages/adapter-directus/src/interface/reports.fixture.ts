import type { Delivery, TargetReport } from '../routes/answers.ts'

/** For tests. */
export function aReport(parts: Partial<TargetReport> = {}): TargetReport {
  return {
    id: 'a',
    name: 'Shop',
    url: 'https://shop.example/flush',
    status: 'published',
    health: { state: 'fresh' },
    pending: 0,
    oldestAt: null,
    inFlight: 0,
    dead: 0,
    dueAt: null,
    signing: { keys: 0, overlapUntil: null },
    problems: [],
    deliveries: [],
    mayAct: true,
    ...parts,
  }
}

export function aDelivery(parts: Partial<Delivery> = {}): Delivery {
  return { id: 'd', at: 0, verdict: 'delivered', status: 200, tookMs: 45, attempt: 1, count: 1, items: [], ...parts }
}
