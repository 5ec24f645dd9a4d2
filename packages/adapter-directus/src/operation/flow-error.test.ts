import { expect, test } from 'vitest'
import { flowError } from './flow-error.ts'

test('the message is there in JSON, and whatever else the error has', () => {
  const error = Object.assign(new TypeError('no collection'), { code: 'OPTIONS_INVALID' })
  expect(flowError(error)).toBe(error)
  expect(JSON.parse(JSON.stringify(flowError(error)))).toEqual({ message: 'no collection', code: 'OPTIONS_INVALID' })
  expect(flowError('text')).toBe('text')
})
