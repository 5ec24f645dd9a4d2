import { type Missing, type Plan, programPath } from './plan.ts'

export function planRedis(): Plan | Missing {
  const program = programPath('redis-server')
  if (program === undefined) {
    return { missing: 'Redis: set UNSTALE_TEST_REDIS_URL, or put redis-server on the PATH (apt-get install redis-server)' }
  }
  const log = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec']
  return {
    commands: (folder) => ({
      server: (port) => [program, '--port', String(port), '--bind', '127.0.0.1', '--dir', folder, ...log],
    }),
    ready: /Ready to accept connections/,
    busy: /Address already in use/,
    quit: 'SIGTERM',
    url: (port) => `redis://127.0.0.1:${port}/0`,
  }
}
