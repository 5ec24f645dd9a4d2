import type { IncomingMessage } from 'node:http'
import { type Pipeline, PipelineError } from '@unstale/core'
import { describe, expect, it } from 'vitest'
import { type BearerTokens, bearer, type IngestOptions, ingest, unstaleExpress } from '../../src/express.ts'
import { TOKEN } from './hosts.ts'

const asking = (authorization?: string) => ({ headers: { authorization } }) as IncomingMessage

function thrownBy(call: () => unknown): PipelineError {
  try {
    call()
  } catch (error) {
    if (error instanceof PipelineError) return error
  }
  throw new Error('no PipelineError')
}

describe('bearer', () => {
  it('knows its tokens, and nothing else', () => {
    const authorize = bearer(['the-old-token-of-before', TOKEN])
    expect(authorize(asking(`Bearer ${TOKEN}`))).toBe(true)
    expect(authorize(asking('bearer  the-old-token-of-before '))).toBe(true)
    const others = [
      undefined,
      '',
      'Bearer ',
      TOKEN,
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(1)}`,
      `Bearer ${TOKEN} x`,
      `Basic ${TOKEN}`,
    ]
    for (const other of others) expect(authorize(asking(other))).toBe(false)
  })

  it.each([
    [undefined, 'bearer: has to be a token of at least 16 visible ASCII characters, not nothing: is its variable set?'],
    ['short-secret', 'bearer: has to be a token of at least 16 visible ASCII characters, not one of 12'],
    [[TOKEN, 'a secret with spaces in it'], /^bearer\[1\]: .*not one with a space/],
    [`${TOKEN}\n`, /line break/],
    [[], 'bearer: wants at least one token'],
    [5 as unknown as string, /a number/],
  ])('refuses %j when it is made, and does not repeat it', (tokens, message) => {
    const error = thrownBy(() => bearer(tokens as BearerTokens))
    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain('secret')
  })
})

describe('what has to be given', () => {
  const pipeline: Pick<Pipeline, 'publish'> = { publish: async () => {} }

  it('has no default that lets anyone in', () => {
    for (const options of [undefined, {}, { authorize: undefined }, { authorize: true }, { authorize: TOKEN }]) {
      const error = thrownBy(() => ingest(pipeline, options as unknown as IngestOptions))
      expect(error).toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(/^ingest: authorize has to be a function/),
      })
      expect(error.message).not.toContain(TOKEN)
    }
  })

  it('is named, all of it at once', () => {
    const options = { maxBytes: '5mb', maxChanges: 0, onError: true } as unknown as IngestOptions
    const { message } = thrownBy(() => ingest(pipeline, options))
    for (const name of ['authorize', 'maxBytes', 'maxChanges', 'onError']) expect(message).toContain(`${name} has to be`)
    for (const maxBytes of [Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY]) {
      expect(thrownBy(() => ingest(pipeline, { authorize: () => true, maxBytes })).message).toContain(`not ${maxBytes}`)
    }
  })

  it('is a pipeline', () => {
    for (const none of [undefined, null, {}, 'pipeline']) {
      expect(thrownBy(() => ingest(none as unknown as Pipeline, { authorize: () => true })).message).toMatch(
        /^ingest: .*pipeline/,
      )
      expect(thrownBy(() => unstaleExpress(none as unknown as Pipeline)).message).toMatch(/^unstaleExpress: .*pipeline/)
    }
  })
})
