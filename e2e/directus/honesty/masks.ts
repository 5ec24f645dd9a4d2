/** What a client shows in place of a secret, and writes back, changes nothing. */
import { expect, it } from 'vitest'
import type { Stage } from '../stage.ts'
import { createWitness } from './witness.ts'

export function masksChangeNothing(stage: () => Stage): void {
  it('`**********` written back for a key changes nothing', async () => {
    const { api } = stage()
    const witness = await createWitness(stage(), [{ collection: 'posts', payload: ['title'] }])
    await api.post(`/unstale/targets/${witness.target}/keys`, { action: 'rotate' })
    const headers = async () => {
      await witness.hears(() => api.items('posts').create({ title: 'A' }))
      return witness.receiver.requests[0]!.headers
    }
    const before = await headers()
    expect(before.authorization).toBe('Bearer key of the front end')
    const mask = '**********'
    const shown = await api.items('cache_flush_targets').read<{ api_key: string; signing_keys: string }>(witness.target)
    expect(shown).toMatchObject({ api_key: mask, signing_keys: mask })
    await api.items('cache_flush_targets').update(witness.target, { ...shown, name: 'all of it written back' })
    await api.items('cache_flush_targets').updateBatch([{ id: witness.target, api_key: mask, signing_keys: mask }])
    const after = await headers()
    expect(after.authorization).toBe(before.authorization)
    expect(await api.get(`/unstale/targets/${witness.target}`)).toMatchObject({ signing: { keys: 1 } })
    expect(after['webhook-signature']).toMatch(/^v1,/)
  })
}
