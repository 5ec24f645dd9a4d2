/** Who may see a target's page, and who may press its buttons: rules in permissions need Directus 11. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type Api, api as apiOf } from '../harness/index.ts'
import { createTarget, type Stage } from '../stage.ts'
import { createUser } from '../users.ts'
import { act, reported, reportOf } from './reports.ts'

const ACTIONS = ['flush', 'test', 'retry', 'resume', 'suspend', 'redrive', 'keys']

export function onlyWhoMay(stage: () => Stage): void {
  describe('permissions of the endpoint', () => {
    let api: Api
    let nobody: Api
    let stranger: Api
    let reader: Api
    let editor: Api
    let visible: string
    let hidden: string
    const collection = 'cache_flush_targets'
    const forbidden = { status: 403 }

    beforeAll(async () => {
      const { directus, receiver } = stage()
      api = stage().api
      const rules = [{ collection: 'posts', payload: ['title'] }]
      receiver.answer({ status: 200, body: { version: 'of the receiver' } })
      visible = await createTarget(api, receiver.url, rules, { name: 'visible' })
      hidden = await createTarget(api, receiver.url, rules, { name: 'hidden' })
      const permissions = { name: { _eq: 'visible' } }
      nobody = apiOf(directus.url)
      stranger = await createUser(api, directus.url, 'stranger')
      reader = await createUser(api, directus.url, 'reader', [{ collection, action: 'read', permissions }])
      editor = await createUser(api, directus.url, 'editor', [
        { collection, action: 'read' },
        { collection, action: 'update', permissions },
      ])
      await api.items('posts').create({ title: 'A' })
      await reported(api, visible, ({ deliveries }) => deliveries.length > 0)
    })

    it('nobody, and who may not read targets, sees and does nothing', async () => {
      for (const who of [nobody, stranger]) {
        await expect(reportOf(who, visible)).rejects.toMatchObject(forbidden)
        for (const action of ACTIONS) await expect(act(who, visible, action)).rejects.toMatchObject(forbidden)
        await expect(who.post('/unstale/flush', {})).rejects.toMatchObject(forbidden)
        await expect(who.get('/unstale/health')).rejects.toMatchObject(forbidden)
      }
    })

    it('whether there is a target is told only to who may see it', async () => {
      const absent = '00000000-0000-4000-8000-000000000000'
      for (const id of [hidden, absent, 'no-uuid']) {
        const error = await reportOf(reader, id).catch((caught) => caught)
        expect(error).toMatchObject({ ...forbidden, message: expect.stringContaining('or you may not see it') })
      }
    })

    it('who may read a target sees its page, but no word of its receiver, and presses no button', async () => {
      const report = await reportOf(reader, visible)
      expect(report).toMatchObject({ name: 'visible', mayAct: false, health: { state: 'fresh' } })
      expect(report.deliveries[0]).toMatchObject({ verdict: 'delivered', status: 200, count: 1 })
      expect(JSON.stringify(report)).not.toContain('of the receiver')
      for (const action of ACTIONS) await expect(act(reader, visible, action)).rejects.toMatchObject(forbidden)
      expect((await reportOf(api, visible)).signing.keys).toBe(0)
    })

    it('who may update it presses them; those of another target not', async () => {
      expect(await reportOf(editor, visible)).toMatchObject({ mayAct: true })
      expect(await reportOf(editor, hidden)).toMatchObject({ mayAct: false })
      expect(await act(editor, visible, 'flush')).toEqual({ announced: 1 })
      const test = await act(editor, visible, 'test')
      expect(test).toEqual({ status: 200, tookMs: expect.any(Number) })
      expect(await act(editor, visible, 'keys', { action: 'rotate' })).toMatchObject({ keys: 1 })
      for (const action of ACTIONS) await expect(act(editor, hidden, action)).rejects.toMatchObject(forbidden)
      await expect(editor.post('/unstale/flush', {})).rejects.toMatchObject(forbidden)
      await expect(editor.get('/unstale/health')).rejects.toMatchObject(forbidden)
    })

    it('administrators see what the receiver said', async () => {
      const report = await reportOf(api, visible)
      expect(report.deliveries[0]?.body).toBe('{"version":"of the receiver"}')
      expect(await api.get('/unstale/health')).toMatchObject({ durable: true, targets: 2, failing: 0 })
    })
  })
}
