/** Passwords, tokens and whatever is concealed: no rule can get at them. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type Api, createCollection, createManyToOne } from '../harness/index.ts'
import type { Rule, Stage } from '../stage.ts'
import { saving, targetRow } from './rows.ts'
import { createWitness, type Witness } from './witness.ts'

const USER = { password: 'the password', token: 'the-static-token', first_name: 'Ada' }

export function secretsStaySecret(stage: () => Stage): void {
  describe('secrets', () => {
    let api: Api

    beforeAll(async () => {
      api = stage().api
      await createCollection(api, {
        name: 'vaults',
        fields: [
          { field: 'name', type: 'string' },
          { field: 'concealed', type: 'string', meta: { special: ['conceal'] } },
          { field: 'hashed', type: 'hash', meta: { special: ['hash'] } },
          { field: 'encrypted', type: 'text', meta: { special: ['encrypt'] } },
        ],
      })
      const user = { field: 'user_created', related: 'directus_users', type: 'uuid' } as const
      await createManyToOne(api, { collection: 'posts', ...user })
      await createManyToOne(api, { collection: 'posts', field: 'vault', related: 'vaults', list: 'posts' })
    })

    const users = 'directus_users'
    const refused: [what: string, rule: Rule, field: string][] = [
      ['the password of users, as payload', { collection: users, payload: ['first_name', 'password'] }, 'password'],
      ['their token, as payload', { collection: users, payload: ['token'] }, 'token'],
      ['their token, by the name of their scope', { collection: 'users', payload: ['token'] }, 'token'],
      ['their second factor, as an old value', { collection: users, previous: ['tfa_secret'] }, 'tfa_secret'],
      ['their token, in a filter', { collection: users, filter: { _or: [{ token: { _starts_with: 'a' } }] } }, 'token'],
      ['a concealed field', { collection: 'vaults', payload: ['concealed'] }, 'concealed'],
      ['a hashed field', { collection: 'vaults', previous: ['hashed'] }, 'hashed'],
      ['an encrypted field', { collection: 'vaults', filter: { encrypted: { _nnull: true } } }, 'encrypted'],
      ['through a relation', { collection: 'posts', payload: ['user_created.password'] }, 'password'],
      ['through a relation, in a filter', { collection: 'posts', filter: { vault: { concealed: { _eq: '1' } } } }, 'concealed'],
      ['there and back again', { collection: 'vaults', payload: ['posts.vault.hashed'] }, 'hashed'],
    ]
    it.each(refused)('%s is refused, by its name', async (_what, rule, field) => {
      const { status, message } = await saving(api, targetRow([rule]))
      expect(status).toBe(400)
      expect(message).toMatch(new RegExp(`schema\\[0\\]\\.(payload|previous|filter).*\\.${field}\\b`))
    })

    it('a published target cannot be given such a rule later, either', async () => {
      const { id } = await api.items('cache_flush_targets').create<{ id: string }>(targetRow([{ collection: users }]))
      const rules = [{ collection: users, events: ['update'], payload: ['password'] }]
      await expect(api.items('cache_flush_targets').update(id, { schema: rules })).rejects.toMatchObject({ status: 400 })
      await api.items('cache_flush_targets').remove(id)
    })

    it('a row that was written past Directus goes without them', async () => {
      const witness = await createWitness(stage(), [{ collection: users, payload: ['first_name'], events: ['create'] }])
      const more = ['password', 'token']
      const rules = [
        { collection: users, events: ['create'], payload: ['first_name', ...more], previous: more },
        { collection: 'vaults', events: ['create'], payload: ['name', 'concealed', 'hashed', 'encrypted'] },
        { collection: 'posts', events: ['create'], payload: ['title', 'user_created.first_name', 'user_created.token'] },
        { collection: 'authors', events: ['create'], payload: ['name'] },
      ]
      const sql = `UPDATE cache_flush_targets SET schema = '${JSON.stringify(rules)}' WHERE id = '${witness.target}'`
      await api.post('/services/sql', { sql })
      // Whoever edits any target makes all of them be read again.
      await api.items('cache_flush_targets').update(witness.target, { name: 'read again' })
      const since = stage().directus.log().length
      await stage().directus.waitForLog(/left out: .*password/, { since: Math.max(0, since - 5000) })
      const heard = await witness.hears(() => createAll(api, 'row'))
      expect(heard.map(({ fields: { id: _, ...fields } }) => fields)).toEqual([
        { first_name: 'Ada' },
        { name: 'row' },
        { title: 'row', user_created: { first_name: 'Ada' } },
      ])
      holdsNoSecret(witness)
      await witness.end()
    })

    it.each([
      [
        '`*` of users, and of what is related to them',
        { users: ['*'], posts: ['*', 'user_created.*', 'vault.*'], vaults: ['*'] },
      ],
      ['a rule on every collection', { '*': ['*', 'password', 'token', 'user_created.*'] }],
    ])('%s carries none', async (_what, wanted: Record<string, string[]>) => {
      const witness = await createWitness(
        stage(),
        Object.entries(wanted).map(([collection, payload]) => ({ collection, payload, previous: [] })),
      )
      const heard = await witness.hears(() => createAll(api, 'star'))
      const user = heard.find(({ collection }) => collection === users)
      expect(user?.fields).toMatchObject({ first_name: 'Ada' })
      for (const name of ['password', 'token', 'tfa_secret', 'auth_data']) expect(user?.fields).not.toHaveProperty(name)
      expect(heard.find(({ collection }) => collection === 'vaults')?.fields).toMatchObject({ name: 'star' })
      holdsNoSecret(witness)
      await witness.end()
    })
  })

  const holdsNoSecret = ({ receiver }: Witness) => {
    const said = receiver.requests.map(({ raw }) => raw).join('\n')
    expect(said).not.toMatch(/the password|the-static-token|the pin|\*\*\*\*|\$argon2|"(password|token|tfa_secret|hashed)"/)
  }
}

let created = 0

/** A user, a vault, and a post by that user in that vault. */
async function createAll(api: Api, name: string): Promise<void> {
  const n = ++created
  const user = await api.post<{ id: string }>('/users', { ...USER, email: `ada${n}@example.com`, token: `${USER.token}-${n}` })
  const secrets = { concealed: 'the pin', hashed: 'the pin', encrypted: 'the pin' }
  const vault = await api.items('vaults').create<{ id: number }>({ name, ...secrets })
  await api.items('posts').create({ title: name, user_created: user.id, vault: vault.id })
}
