import type { Signing } from '../routes/answers.ts'
import { clock } from './times.ts'

export type KeyAction = 'rotate' | 'finish' | 'remove'

export interface SigningLine {
  signed: boolean
  headline: string
  detail: string
}

export function signingLine({ keys, overlapUntil }: Signing, now: number, timeZone?: string): SigningLine {
  if (keys === 0) {
    return {
      signed: false,
      headline: 'Requests are not signed',
      detail: 'With a signing key, the receiver can tell these requests from forged ones (Standard Webhooks).',
    }
  }
  if (keys === 1) {
    return { signed: true, headline: 'Requests are signed', detail: 'The receiver checks them with the signing key.' }
  }
  const end = overlapUntil === null ? '' : ` until ${clock(overlapUntil, now, timeZone)}`
  return {
    signed: true,
    headline: 'Requests are signed with two keys',
    detail: `The old key signs beside the new one${end}. Give the new one to every receiver before that.`,
  }
}

/** What the buttons are called; an overlap has to end before the next key. */
export function keyActions({ keys }: Signing): { action: KeyAction; label: string; icon: string }[] {
  if (keys === 0) return [{ action: 'rotate', label: 'Create signing key', icon: 'key' }]
  const remove = { action: 'remove', label: 'Remove keys', icon: 'key_off' } as const
  if (keys === 1) return [{ action: 'rotate', label: 'Rotate key', icon: 'autorenew' }, remove]
  return [{ action: 'finish', label: 'End overlap', icon: 'done_all' }, remove]
}

export function keysDone(action: KeyAction): string {
  if (action === 'finish') return 'From now on, only the new key signs.'
  return action === 'remove' ? 'From now on, requests are not signed.' : 'From now on, the new key signs.'
}
