/**
 * The servers that tests, torture and benchmarks need.
 *
 *     const postgres = await findService('postgres')     // the one that UNSTALE_TEST_POSTGRES_URL names, else one of our own
 *     const redis = await startServer('redis')           // always one of our own, which may be killed and restarted
 *     if ('missing' in redis) throw new Error(redis.missing)
 *     redis.url; await redis.kill(); await redis.restart(); await redis.stop()
 *
 * Ours listen on a free port of 127.0.0.1, keep their data in a temporary folder, write as durably as they do by default
 * (Postgres and MariaDB sync each commit; Redis has an append-only log, synced every second), and are ended and removed
 * with the process that started them, also when it is killed.
 */
import { planMysql } from './mysql.ts'
import type { Missing, Plan } from './plan.ts'
import { planPostgres } from './postgres.ts'
import { planRedis } from './redis.ts'
import { type Server, type ServerOptions, serve } from './server.ts'

export type { Missing } from './plan.ts'
export type { Server, ServerOptions } from './server.ts'

/** `mysql` is a MySQL or a MariaDB. */
export type ServiceName = 'postgres' | 'mysql' | 'redis'

export interface Service {
  url: string
  /** Does nothing to a server that is not ours. */
  stop(): Promise<void>
}

const plans: Record<ServiceName, () => Plan | Missing | Promise<Plan | Missing>> = {
  postgres: planPostgres,
  mysql: planMysql,
  redis: planRedis,
}

/** The server that the environment names, else one of our own. Rejects if ours is there and does not start. */
export async function findService(name: ServiceName, options: ServerOptions = {}): Promise<Service | Missing> {
  const url = process.env[`UNSTALE_TEST_${name.toUpperCase()}_URL`]
  return url ? { url, stop: async () => {} } : startServer(name, options)
}

/** A server of our own, for who wants to kill it, or to measure. Rejects if it is there and does not start. */
export async function startServer(name: ServiceName, options: ServerOptions = {}): Promise<Server | Missing> {
  const plan = await plans[name]()
  return 'missing' in plan ? plan : serve(plan, options)
}
