import type { Context as Call, Hono } from 'hono'
import { Problem } from './problem.ts'

type Answer = (c: Call) => Response | Promise<Response>

/** What can be done at one path; any other method is answered with 405 and what is possible. */
export function resource(app: Hono, path: string, answers: { GET?: Answer; POST?: Answer; PUT?: Answer; DELETE?: Answer }): void {
  const allow: string[] = []
  for (const [method, answer] of Object.entries(answers)) {
    app.on(method, path, answer)
    allow.push(...(method === 'GET' ? ['GET', 'HEAD'] : [method]))
  }
  const possible = allow.join(', ')
  app.all(path, () => {
    throw new Problem(405, `Only ${possible} can be asked for here.`, { headers: { allow: possible } })
  })
}
