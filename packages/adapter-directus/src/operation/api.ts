import type { defineOperationApi } from '@directus/extensions-sdk'
import { flush } from '../runtime.ts'
import { flowError } from './flow-error.ts'
import { readOptions } from './options.ts'

type Options = Record<string, unknown>

/**
 * The next operation of the Flow gets how many items were announced. `defineOperationApi` answers what it is given; to call it
 * would bundle 50 KB of the SDK into the server's part.
 */
const config: ReturnType<typeof defineOperationApi<Options>> = {
  id: 'unstale-flush',
  async handler(options) {
    try {
      return await flush(readOptions(options))
    } catch (error) {
      throw flowError(error)
    }
  },
}

export default config
