import { describe, expect, test } from 'vitest'
import { listenersFor } from './names.ts'

const today = (name: string): string[] => {
  const found = listenersFor(name)
  if ('problem' in found) throw new Error(found.problem)
  return found.listeners.map((one) => (one.on === 'schedule' ? `schedule ${one.cron}` : `${one.on} ${one.event}`))
}

const problem = (name: string): string => {
  const found = listenersFor(name)
  return 'problem' in found ? found.problem : 'none'
}

const SYSTEM = ['activity', 'collections', 'fields', 'folders', 'permissions', 'presets', 'relations', 'revisions', 'roles']

describe('the name of an event', () => {
  test.each(['items', ...SYSTEM, 'settings', 'users', 'files', 'versions', 'policies'])('%s', (scope) => {
    for (const action of ['create', 'update', 'delete']) {
      expect(today(`${scope}.${action}`)).toEqual([`action ${scope}.${action}`])
      expect(today(`${scope}.${action}.before`)).toEqual([`filter ${scope}.${action}`])
    }
  })

  test.each([
    ['items.read', ['action items.read']],
    ['users.read', ['action users.read']],
    ['files.upload', ['action files.upload']],
    ['items.*', ['action items.create', 'action items.update', 'action items.delete', 'action items.read']],
    ['items.*.before', ['filter items.create', 'filter items.update', 'filter items.delete']],
    ['items.create.*', ['filter items.create']],
    ['users.*', ['action users.create', 'action users.update', 'action users.delete']],
    ['*.create', ['action *.create']],
    ['*.delete.before', ['filter *.delete']],
    ['*.read', ['action items.read']],
    ['*.upload', ['action files.upload']],
    ['cron(0 * * * *)', ['schedule 0 * * * *']],
    ['cron( */5 * * * * * )', ['schedule */5 * * * * *']],
    ['auth.*', ['action auth.login', 'filter auth.jwt', 'filter auth.jwt']],
    ['*.login', ['action auth.login']],
    ['routes.init.*', ['init routes.before', 'init routes.after']],
    ['routes.*.init.before', ['init routes.custom.before']],
    ['*.init.before', ['init cli.before', 'init middlewares.before', 'init routes.before']],
    ['response', ['action response']],
    ['error', ['filter request.error']],
    ['authenticate', ['filter authenticate']],
  ])('%s', (name, expected) => expect(today(name)).toEqual(expected))

  test.each([
    ['webhooks.create', 'webhooks have become flows'],
    ['auth.logout', 'Directus emits nothing at a logout'],
    ['auth.logout.before', 'Directus emits nothing at a logout'],
    ['oauth.github.login', '"auth.login"'],
    ['server.start.before', 'use "init"'],
    ['items.read.before', 'reading has no ".before"'],
    ['files.upload.before', 'use "files.upload"'],
    ['cron(* * * * *).before', 'leave that away'],
    ['response.before', 'not changed'],
  ])('%s is gone', (name, says) => {
    expect(problem(name)).toMatch(/^does not exist in this Directus: /)
    expect(problem(name)).toContain(says)
  })

  test.each([
    ['item.create', 'Did you mean "items.create"?'],
    ['items.created', 'Did you mean "items.create"?'],
    ['items.create.after', 'Did you mean "items.create"?'],
    ['items.update.befor', 'Did you mean "items.update.before"?'],
    ['user.delete', 'Did you mean "users.delete"?'],
    ['Items.Create', 'Did you mean "items.create"?'],
    ['routes.custom.before', 'Did you mean "routes.custom.init.before"?'],
    ['app.after', 'Did you mean "init"?'],
    ['request.error', 'Did you mean "error"?'],
    ['articles.create', `Did you mean "items.create", with a look at context.collection === 'articles'?`],
    ['articles.items.update.before', `Did you mean "items.update.before", with a look at context.collection === 'articles'?`],
    ['*', 'Did you mean "*.*"?'],
    ['**', 'Did you mean "*.*"?'],
    ['cron', 'Did you mean "cron(<statement>)", as in "cron(0 * * * *)"?'],
    ['cron()', 'Did you mean "cron(<statement>)", as in "cron(0 * * * *)"?'],
    ['something.else.altogether', 'Events are named'],
    ['', 'Events are named'],
    ['constructor', 'Events are named'],
  ])('%s is unknown', (name, says) => {
    expect(problem(name)).toMatch(/^is no event that a hook module can have\. /)
    expect(problem(name)).toContain(says)
  })
})
