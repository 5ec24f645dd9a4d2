import { expect, test } from 'vitest'
import { keyActions, signingLine } from './signing.ts'

const now = Date.UTC(2026, 10, 21, 14, 3)

test.each([
  [0, ['rotate'], 'Requests are not signed'],
  [1, ['rotate', 'remove'], 'Requests are signed'],
  [2, ['finish', 'remove'], 'Requests are signed with two keys'],
])('%i keys', (keys, actions, headline) => {
  const signing = { keys, overlapUntil: keys === 2 ? now + 3_600_000 : null }
  expect(keyActions(signing).map(({ action }) => action)).toEqual(actions)
  expect(signingLine(signing, now, 'UTC').headline).toBe(headline)
})

test('until when the old key signs', () => {
  const { detail } = signingLine({ keys: 2, overlapUntil: now + 86_400_000 }, now, 'UTC')
  expect(detail).toContain('signs beside the new one until 22 Nov, 14:03.')
  expect(signingLine({ keys: 2, overlapUntil: null }, now).detail).toContain('signs beside the new one.')
})
