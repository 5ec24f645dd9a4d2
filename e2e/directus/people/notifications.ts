/** What the users of `users_notification` are told, and where that leads. */
import { expect, it } from 'vitest'
import { receiverInTests } from '../harness/index.ts'
import { createTarget, type Stage } from '../stage.ts'
import { until } from '../until.ts'
import { act, reported } from './reports.ts'

interface Notification {
  subject: string
  message: string
  collection: string
  item: string
  recipient: string
}

export function notificationsLead(stage: () => Stage): void {
  it('a notification says what is wrong, and leads to the target', async () => {
    const { api } = stage()
    const me = await api.get<{ id: string }>('/users/me')
    const receiver = await receiverInTests(410)
    const secret = `${receiver.url}?token=secret`
    const users = [{ directus_users_id: me.id }]
    const id = await createTarget(api, secret, [{ collection: 'posts' }], { name: 'Shop', users_notification: users })
    await api.items('posts').create({ title: 'A' })
    await reported(api, id, ({ health }) => health.state === 'suspended')
    const ask = () => api.get<Notification[]>('/notifications', { filter: { item: { _eq: id } }, sort: 'id' })
    const all = await until(ask, (list) => list.some(({ subject }) => subject.includes('suspended')))
    for (const notification of all) {
      expect(notification).toMatchObject({ recipient: me.id, collection: 'cache_flush_targets', item: id })
      expect(notification.subject).toContain('Shop')
      expect(notification.message).toContain(receiver.url)
      expect(notification.message).not.toContain('secret')
    }
    expect(all.find(({ subject }) => subject.includes('suspended'))?.message).toContain('410')
    expect(await api.items(all[0]!.collection).read(all[0]!.item)).toMatchObject({ id, name: 'Shop' })
    receiver.answer(200)
    await act(api, id, 'resume')
    const later = await until(ask, (list) => list.some(({ subject }) => subject.includes('again')))
    expect(new Set(later.map(({ subject }) => subject)).size).toBe(later.length)
    await api.items('cache_flush_targets').remove(id)
  })
}
